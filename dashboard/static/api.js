// Shows /api/openapi.json: every route with its parameters and answers, and every type.

/** @typedef {{$ref?: string, type?: string, enum?: unknown[], anyOf?: Schema[], items?: Schema | false, prefixItems?: Schema[],
 *   additionalProperties?: Schema | boolean, properties?: Record<string, Schema>, required?: string[], description?: string,
 *   const?: unknown, format?: string}} Schema */
/** @typedef {{name: string, in: string, required?: boolean, description?: string, schema: Schema}} Parameter */
/** @typedef {{description?: string, content?: Record<string, {schema?: Schema}>}} Answer */
/** @typedef {{description?: string, parameters?: Parameter[], responses: Record<string, Answer>}} Operation */

/**
 * @param {string} tag
 * @param {string} className
 * @param {...(Node | string)} parts
 */
function make(tag, className, ...parts) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...parts);
  return element;
}

/** @param {Schema | undefined} schema @returns {(Node | string)[]} a type in words, with links to those that have a name */
function kind(schema) {
  if (!schema) return ["anything"];
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1) ?? "";
    const link = make("a", "", name);
    link.setAttribute("href", `#type-${name}`);
    return [link];
  }
  if (schema.anyOf) return schema.anyOf.flatMap((one, i) => (i ? [" or ", ...kind(one)] : kind(one)));
  if (schema.enum) return [schema.enum.map((one) => JSON.stringify(one)).join(" or ")];
  if (schema.const !== undefined) return [JSON.stringify(schema.const)];
  if (schema.prefixItems) return [`${schema.prefixItems.length} of `, ...kind(schema.prefixItems[0])];
  if (schema.type === "array") return ["list of ", ...kind(schema.items || undefined)];
  if (schema.type === "object" && typeof schema.additionalProperties === "object") {
    return ["object of ", ...kind(schema.additionalProperties)];
  }
  return [schema.type ?? "anything"];
}

/** @param {string | undefined} text a docstring, of which only empty lines part anything */
const plain = (text) => (text ?? "").replaceAll("`", "").replaceAll(/(\S) *\n *(?=\S)/g, "$1 ").trim();

/** @param {string[]} heads @param {(Node | string)[][][]} rows */
function table(heads, rows) {
  const head = make("tr", "", ...heads.map((text) => make("th", "", text)));
  const body = rows.map((cells) => make("tr", "", ...cells.map((cell) => make("td", "", ...cell))));
  return make("table", "", make("thead", "", head), make("tbody", "", ...body));
}

/** @param {string} path @param {string} method @param {Operation} operation */
function route(path, method, operation) {
  const link = make("a", "", "open");
  link.setAttribute("href", path);
  const tryable = method === "get" && !path.includes("{") && !("101" in operation.responses);
  const summary = make("summary", "", make("span", "method", method.toUpperCase()), make("span", "path", path));
  summary.append(make("span", "quiet", plain(operation.description)), ...(tryable ? [link] : []));
  const panel = make("details", "panel route", summary);
  const parameters = operation.parameters ?? [];
  if (parameters.length) {
    const rows = parameters.map((one) => [[one.name], kind(one.schema), [one.description ?? ""]]);
    panel.append(table(["parameter", "type", "meaning"], rows));
  }
  const answers = Object.entries(operation.responses).map(([code, answer]) => {
    const [[media, content] = ["", {}]] = Object.entries(answer.content ?? {});
    return [[code], media === "application/json" ? kind(content.schema) : [media], [answer.description ?? ""]];
  });
  panel.append(table(["answer", "type", "meaning"], answers));
  return panel;
}

/** @param {string} name @param {Schema} schema */
function type(name, schema) {
  const panel = make("details", "panel type", make("summary", "", make("span", "name", name)));
  panel.id = `type-${name}`;
  if (schema.description) panel.append(make("p", "", plain(schema.description)));
  const rows = Object.entries(schema.properties ?? {}).map(([key, one]) => {
    const optional = schema.required?.includes(key) ? "" : "may be absent";
    return [[key], kind(one), [one.description ?? optional]];
  });
  if (rows.length) panel.append(table(["key", "type", ""], rows));
  return panel;
}

function openNamed() {
  const named = document.getElementById(location.hash.slice(1));
  if (named instanceof HTMLDetailsElement) named.open = true;
}

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

async function show() {
  const answer = await fetch("/api/openapi.json");
  if (!answer.ok) throw new Error(await answer.text());
  const document_ = await answer.json();
  part("about").prepend(plain(document_.info.description), "\n\n");
  for (const [path, operations] of Object.entries(document_.paths)) {
    for (const [method, operation] of Object.entries(operations)) part("routes").append(route(path, method, operation));
  }
  for (const [name, schema] of Object.entries(document_.components.schemas)) part("types").append(type(name, schema));
  openNamed();
}

addEventListener("hashchange", openNamed);
show().catch((error) => part("about").prepend(`It cannot be read: ${error.message}\n`));
