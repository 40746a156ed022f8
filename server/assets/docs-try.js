// A form that sends a request, and shows what came back.

import { element } from "./words.js";

const SHOWN_CHARACTERS = 20_000;

/** The form for an operation. */
export function tryForm({ method, path, operation, schemas }) {
  const parameters = operation.parameters ?? [];
  const inputs = parameters.map((parameter) => inputFor(parameter, schemas));
  const media = operation.requestBody?.content?.["application/json"];
  const body = media && element("textarea", { rows: "5", spellcheck: "false", "aria-label": "Body" }, JSON.stringify(schemas.example(media.schema), null, 2));
  const shell = element("pre", { class: "curl" });
  const output = element("div", { class: "output", "aria-live": "polite" });
  const send = element("button", { class: "button primary", type: "submit" }, "Send");
  const stop = element("button", { class: "button", type: "button", hidden: true }, "Stop");
  const form = element("form", { class: "try" },
    ...inputs.map(({ row }) => row),
    ...(body ? [element("div", { class: "field" }, element("label", {}, "Body"), body)] : []),
    shell, element("div", { class: "row" }, stop, send), output);
  const request = () => build(method, path, inputs, body?.value);
  const tell = () => { shell.textContent = curl(request()); };
  form.addEventListener("input", tell);
  tell();

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const abort = new AbortController();
    stop.onclick = () => abort.abort();
    stop.hidden = false;
    send.disabled = true;
    await perform(request(), abort.signal, output);
    stop.hidden = true;
    send.disabled = false;
  });
  return form;
}

function inputFor(parameter, schemas) {
  const { name, in: place, required, description } = parameter;
  const id = `input-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  const hint = [place, description, schemas.limits(parameter.schema)].filter(Boolean).join(" · ");
  const input = element("input", { id, name, required: required ?? false, placeholder: hint, spellcheck: "false", autocomplete: "off" });
  const label = element("label", { for: id }, name);
  return { parameter, input, row: element("div", { class: "field" }, label, input) };
}

/** The request that the form describes. */
function build(method, path, inputs, body) {
  const headers = {};
  const query = new URLSearchParams();
  let target = path;
  for (const { parameter, input } of inputs) {
    if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value === "") continue;
    else if (parameter.in === "query") query.set(parameter.name, input.value);
    else headers[parameter.name] = input.value;
  }
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const search = query.size ? `?${query}` : "";
  return { method: method.toUpperCase(), url: target + search, headers, body };
}

/** The same request for a shell. */
function curl({ method, url, headers, body }) {
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const parts = ["curl", "-i", ...(method === "GET" ? [] : ["-X", method])];
  for (const [name, value] of Object.entries(headers)) parts.push("-H", quote(`${name}: ${value}`));
  if (body !== undefined) parts.push("-d", quote(body));
  return [...parts, quote(location.origin + url)].join(" ");
}

async function perform(request, signal, output) {
  const shown = element("pre", { class: "body" });
  const status = element("p", { class: "status" }, "Sending …");
  output.replaceChildren(status, shown);
  const began = performance.now();
  try {
    const { method, url, headers, body } = request;
    const response = await fetch(url, { method, headers, body, signal });
    const took = Math.round(performance.now() - began);
    status.textContent = `${response.status} ${response.statusText} · ${took} ms`;
    status.dataset.ok = String(response.ok);
    const told = ["content-type", "etag", "location", "retry-after", "allow"];
    const lines = told.filter((name) => response.headers.has(name)).map((name) => `${name}: ${response.headers.get(name)}`);
    shown.before(element("pre", { class: "headers" }, lines.join("\n")));
    await read(response, shown);
  } catch (error) {
    const why = error.name === "AbortError" ? "Stopped." : "The server cannot be reached, or the browser refuses this request.";
    if (error.name !== "AbortError") status.dataset.ok = "false";
    status.textContent = `${status.textContent === "Sending …" ? "" : `${status.textContent} · `}${why}`;
  }
}

/** Shows a body as it comes; JSON is set out in the end. */
async function read(response, shown) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text = (text + value).slice(-SHOWN_CHARACTERS);
    shown.textContent = text;
  }
  if (response.headers.get("content-type")?.includes("json") && text) {
    shown.textContent = JSON.stringify(JSON.parse(text), null, 2);
  }
}
