// posthog-js-lite as a small page uses it: lite.mjs HOST TOKEN PERSON. Prints the errors that the SDK reported.
import { PostHog } from "posthog-js-lite";

const [host, token, person] = process.argv.slice(2);
const errors = [];
const client = new PostHog(token, { host, persistence: "memory", fetchRetryDelay: 100 });
client.on("error", (error) => errors.push(String(error)));

client.capture("lite", { n: 1 });
client.identify(person, { plan: "pro" });
client.capture("lite", { n: 2 });
client.group("company", "acme", { name: "Acme" });
await client.flush();
await client.shutdown();
console.log(JSON.stringify({ errors }));
