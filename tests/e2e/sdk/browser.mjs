// posthog-js as a page uses it, in jsdom: browser.mjs HOST TOKEN PERSON. Prints the requests it made, what came out
// of console.error, and the anonymous id that it had first.
import { JSDOM, ResourceLoader, VirtualConsole } from "jsdom";

const [host, token, person] = process.argv.slice(2);
const requests = [];
const errors = [];
const pending = [];
const send = globalThis.fetch;
console.error = (...args) => errors.push(args.map(String).join(" "));

class Loader extends ResourceLoader {
  fetch(url, options) {
    requests.push(`GET ${url.replace(host, "")}`);
    const answer = super.fetch(url, options);
    pending.push(answer.catch(() => null));
    return answer;
  }
}

const page = "http://app.example.test/page?utm_source=news&utm_campaign=spring";
const { window } = new JSDOM("<!doctype html><title>Page</title>", {
  url: page,
  pretendToBeVisual: true,
  runScripts: "dangerously",
  resources: new Loader(),
  virtualConsole: new VirtualConsole(), // jsdom's own remarks about scripts that are not there
});
window.console = console;
window.fetch = (url, options = {}) => {
  const { method = "GET", headers, body } = options;
  requests.push(`${method} ${String(url).replace(host, "")}`);
  const answer = send(url, { method, headers, body });
  pending.push(answer.catch(() => null));
  return answer;
};
window.XMLHttpRequest = undefined;
for (const name of ["CompressionStream", "Response", "Blob", "TextEncoder", "AbortController", "Request", "Headers"])
  window[name] = globalThis[name];
for (const name of Object.getOwnPropertyNames(window))
  if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value: window[name], configurable: true });
for (const name of ["window", "document", "navigator", "location", "fetch"])
  Object.defineProperty(globalThis, name, { value: name === "window" ? window : window[name], configurable: true, writable: true });

const { posthog } = await import("posthog-js");
const quiet = async () => {
  for (let seen = -1; seen !== requests.length; ) {
    seen = requests.length;
    await Promise.all(pending);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
};
await new Promise((loaded) => posthog.init(token, { api_host: host, loaded, request_batching: false, autocapture: false }));
await quiet();
const anonymous = posthog.get_distinct_id();
posthog.capture("browser", { n: 1 });
posthog.identify(person, { plan: "pro" }, { first: 1 });
posthog.capture("browser", { n: 2 });
await quiet();
console.log(JSON.stringify({ requests, errors, anonymous }));
process.exit(0);
