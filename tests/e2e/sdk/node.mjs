// posthog-node as a program uses it: node.mjs HOST TOKEN PERSON. Prints the errors that the SDK reported, as JSON.
import { PostHog } from "posthog-node";

const [host, token, person] = process.argv.slice(2);
const errors = [];
const client = new PostHog(token, { host, flushAt: 20, fetchRetryDelay: 100 });
client.on("error", (error) => errors.push(String(error)));

const timestamp = new Date("2026-01-02T03:00:00Z");
for (let n = 0; n < 45; n++) client.capture({ distinctId: person, event: "node", properties: { n }, timestamp });
client.capture({ distinctId: `${person}-anon`, event: "node", timestamp });
client.identify({ distinctId: person, properties: { $set: { plan: "pro" }, $set_once: { first: 1 } } });
client.alias({ distinctId: person, alias: `${person}-anon` });
client.groupIdentify({ groupType: "company", groupKey: "acme", properties: { name: "Acme" } });
const flag = await client.getFeatureFlag("nope", person);
await client.captureImmediate({ distinctId: person, event: "node now", groups: { company: "acme" }, timestamp });
await client.shutdown();
console.log(JSON.stringify({ errors, flag: flag ?? null }));
