// The schema of a pod template as operators put it into their definitions: thousands of lines, all references resolved.

// biome-ignore lint/suspicious/noExplicitAny: OpenAPI of any shape
type Schema = any

/** `document` is `/openapi/v3/api/v1`. */
export function podTemplateSchema(document: Schema): object {
  const schemas = document.components.schemas
  const resolve = (schema: Schema): Schema => {
    if (schema.$ref !== undefined) return resolve(schemas[schema.$ref.split('/').at(-1)])
    if (schema.allOf?.length === 1) {
      const { allOf, default: _default, ...rest } = schema
      return resolve({ ...schemas[allOf[0].$ref.split('/').at(-1)], ...rest })
    }
    // The types of quantities and ports.
    if (schema.oneOf !== undefined) return { 'x-kubernetes-int-or-string': true }
    const { default: _default, 'x-kubernetes-group-version-kind': _kind, 'x-kubernetes-unions': _unions, ...plain } = schema
    const { 'x-kubernetes-patch-strategy': _strategy, 'x-kubernetes-patch-merge-key': _key, ...own } = plain
    if (own.items !== undefined) own.items = resolve(own.items)
    if (own.additionalProperties !== undefined) own.additionalProperties = resolve(own.additionalProperties)
    if (own.properties !== undefined) {
      own.properties = Object.fromEntries(Object.entries(own.properties).map(([name, property]) => [name, resolve(property)]))
    }
    return withKeyDefaults(own)
  }
  return resolve({ $ref: '#/components/schemas/io.k8s.api.core.v1.PodTemplateSpec' })
}

/** A field that identifies items is required or has a default. */
function withKeyDefaults(schema: Schema): Schema {
  const keys: string[] = schema['x-kubernetes-list-map-keys'] ?? []
  for (const key of keys) {
    const { items } = schema
    if (items.required?.includes(key)) continue
    if (key === 'protocol') items.properties[key].default = 'TCP'
    else items.required = [...(items.required ?? []), key]
  }
  return schema
}
