// Schemas of the description: followed, told in a table, and shown by example.

import { element } from "./words.js";

export class Schemas {
  constructor(api) {
    this.all = api.components?.schemas ?? {};
  }

  /** A schema with its references followed and its parts put together. */
  resolve(schema) {
    if (!schema) return {};
    if (schema.$ref) {
      const name = schema.$ref.split("/").at(-1);
      return { name, ...this.resolve(this.all[name]) };
    }
    if (schema.allOf) {
      const parts = schema.allOf.map((part) => this.resolve(part));
      return {
        ...schema,
        type: "object",
        properties: Object.assign({}, ...parts.map((part) => part.properties)),
        required: parts.flatMap((part) => part.required ?? []),
      };
    }
    return schema;
  }

  /** The schema's type, in a few words. */
  type(schema) {
    const found = this.resolve(schema);
    if (found.oneOf) return found.oneOf.map((one) => this.type(one)).join(" or ");
    if (found.enum) return found.enum.map((value) => JSON.stringify(value)).join(" or ");
    const types = [found.type ?? "anything"].flat();
    if (types[0] === "array") return `list of ${this.type(found.items)}`;
    return found.name ?? types.join(" or ");
  }

  /** What a value may be, beside its type. */
  limits(schema) {
    const { minLength, maxLength, minimum, maximum, format } = this.resolve(schema);
    const range = (low, high, unit) => (low === undefined && high === undefined ? null : `${low ?? "…"} to ${high ?? "…"}${unit}`);
    return [format, range(minLength, maxLength, " bytes"), range(minimum, maximum, "")].filter(Boolean).join(", ");
  }

  /** A value that fits. */
  example(schema) {
    const found = this.resolve(schema);
    if (found.example !== undefined) return found.example;
    if (found.oneOf) return this.example(found.oneOf[0]);
    if (found.enum) return found.enum[0];
    const [type] = [found.type].flat();
    if (type === "array") return [this.example(found.items)];
    if (type === "object") {
      const needed = Object.entries(found.properties ?? {}).filter(([name]) => found.required?.includes(name));
      return Object.fromEntries(needed.map(([name, property]) => [name, this.example(property)]));
    }
    return { string: "text", integer: 0, number: 0, boolean: true }[type] ?? null;
  }

  /** A table of an object's properties; its lists' and parts' too, indented. */
  table(schema) {
    const body = element("tbody");
    this.#rows(schema, 0, body);
    return body.children.length === 0 ? null : element("table", { class: "schema" }, body);
  }

  #rows(schema, depth, body) {
    const found = this.resolve(schema);
    for (const one of found.oneOf ?? []) this.#rows(one, depth, body);
    for (const [name, property] of Object.entries(found.properties ?? {})) {
      const inner = this.resolve(property);
      const isNeeded = found.required?.includes(name);
      body.append(element("tr", {},
        element("td", { class: `depth-${depth}` }, element("code", {}, name), isNeeded ? "" : element("span", { class: "note" }, " optional")),
        element("td", {}, element("span", { class: "type" }, this.type(property)), " ", element("span", { class: "note" }, this.limits(property))),
        element("td", {}, prose(property.description ?? inner.description ?? ""))));
      if (depth < 2) this.#rows(inner.items ?? inner, depth + 1, body);
    }
  }
}

/** Text in which `words` are code. */
export function prose(text) {
  const made = document.createDocumentFragment();
  text.split(/`([^`]+)`/).forEach((part, index) => made.append(index % 2 ? element("code", {}, part) : part));
  return made;
}
