// The API's description, from /openapi.json: to try out, or to read.

import { prose, Schemas } from "./docs-schema.js";
import { tryForm } from "./docs-try.js";
import { byId, element } from "./words.js";

const METHODS = ["get", "post", "put", "delete"];
/** What has to do with the request's head, and with no request in particular. */
const COMMON = ["400", "421", "431"];
const forTrying = document.body.dataset.layout === "docs";

/** All requests, by their tag. */
function byTag(api) {
  const groups = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (!operation) continue;
      const tag = operation.tags?.[0] ?? "Other";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push({ method, path, operation });
    }
  }
  const order = ["Pairs", "Keys", "Table", "Live", "About"];
  return [...groups].sort(([one], [other]) => order.indexOf(one) - order.indexOf(other));
}

const badge = (method) => element("span", { class: `method ${method}` }, method.toUpperCase());

function contents(groups) {
  return groups.flatMap(([tag, requests]) => [
    element("h2", {}, tag),
    element("ul", {}, ...requests.map(({ method, path, operation }) =>
      element("li", {}, element("a", { href: `#${operation.operationId}` }, badge(method), element("span", {}, path))))),
  ]);
}

function head({ method, path, operation }) {
  return [badge(method), element("code", { class: "path" }, path), element("span", { class: "summary-text" }, operation.summary ?? "")];
}

/** Everything that is said of a request. */
function description({ operation, schemas }) {
  const parts = [];
  const text = (operation.description ?? "").split(/\n{2,}/).filter(Boolean);
  parts.push(...text.map((paragraph) => element("p", {}, prose(paragraph))));
  if (operation.parameters?.length) {
    const rows = operation.parameters.map(({ name, in: place, required, description: about, schema }) =>
      element("tr", {},
        element("td", {}, element("code", {}, name), required ? "" : element("span", { class: "note" }, " optional")),
        element("td", {}, element("span", { class: "type" }, place), " ", element("span", { class: "note" }, schemas.limits(schema))),
        element("td", {}, prose(about ?? ""))));
    parts.push(element("h4", {}, "Parameters"), wide(element("table", { class: "schema" }, element("tbody", {}, ...rows))));
  }
  const media = operation.requestBody?.content?.["application/json"];
  if (media) parts.push(element("h4", {}, "Body"), wide(schemas.table(media.schema)));
  parts.push(element("h4", {}, "Answers"), responses(operation, schemas));
  return parts;
}

function responses(operation, schemas) {
  const own = Object.entries(operation.responses).filter(([status]) => !COMMON.includes(status));
  const items = own.map(([status, response]) => {
    const [[type, media] = []] = Object.entries(response.content ?? {});
    const table = media && schemas.table(media.schema);
    const title = [element("code", { class: `code-${status[0]}` }, status), element("span", {}, response.description ?? ""), element("span", { class: "note" }, type && type !== "application/json" ? type : "")];
    if (!table) return element("div", { class: "response" }, ...title);
    return element("details", { class: "response" }, element("summary", {}, ...title), wide(table));
  });
  const rest = `Every request can also be answered with ${COMMON.slice(0, -1).join(", ")} or ${COMMON.at(-1)}.`;
  return element("div", { class: "responses" }, ...items, element("p", { class: "response note" }, rest));
}

const wide = (table) => element("div", { class: "wide" }, table ?? "");

/** What a request and its answer look like. */
function sample({ method, path, operation, schemas }) {
  const media = operation.requestBody?.content?.["application/json"];
  const data = media ? ` \\\n  -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(schemas.example(media.schema))}'` : "";
  const verb = method === "get" ? "" : `-X ${method.toUpperCase()} `;
  const target = path.replace("{key}", "city") + (path === "/keys" && method === "delete" ? "?key=city" : "");
  const answer = operation.responses["200"]?.content?.["application/json"];
  const parts = [element("pre", {}, `curl ${verb}'${location.origin}${target}'${data}`)];
  if (answer) parts.push(element("pre", {}, JSON.stringify(schemas.example(answer.schema), null, 2)));
  return element("div", { class: "sample" }, ...parts);
}

function article(request) {
  const { operation } = request;
  if (!forTrying) {
    return element("article", { id: operation.operationId, class: "operation" },
      element("div", { class: "text" }, element("h3", {}, ...head(request)), ...description(request)), sample(request));
  }
  const details = element("details", { id: operation.operationId, class: "operation" }, element("summary", {}, ...head(request)));
  details.append(element("div", { class: "text" }, element("h4", {}, "Try it out"), tryForm(request), ...description(request)));
  return details;
}

function openLinked() {
  const linked = byId(decodeURIComponent(location.hash.slice(1)));
  if (!linked) return;
  if (linked.matches("details")) linked.open = true;
  linked.scrollIntoView();
}

async function main() {
  const place = byId("api");
  let api;
  try {
    const response = await fetch("/openapi.json");
    api = await response.json();
  } catch {
    const again = element("button", { class: "button", type: "button" }, "Retry");
    again.addEventListener("click", main);
    place.replaceChildren(element("p", { class: "error", role: "alert" }, "The description cannot be read: the server cannot be reached. "), again);
    return;
  }
  const schemas = new Schemas(api);
  const groups = byTag(api);
  byId("contents").replaceChildren(...contents(groups));
  const about = api.info.description.split(/\n{2,}/).map((paragraph) => element("p", {}, prose(paragraph)));
  const sections = groups.map(([tag, requests]) =>
    element("section", { "aria-label": tag }, element("h2", {}, tag), ...requests.map((request) => article({ ...request, schemas }))));
  place.replaceChildren(element("div", { class: "about" }, element("h2", { class: "title" }, `${api.info.title} ${api.info.version}`), ...about), ...sections);
  place.removeAttribute("aria-busy");
  openLinked();
}

addEventListener("hashchange", openLinked);
main();
