// Schemas of custom kinds from the server's discovery and OpenAPI, which every authenticated user can read.
import { isReason } from '../api/status.ts'
import type { JSONSchemaProps } from '../api/types/apiextensions-v1.ts'
import type { Client } from '../client/client.ts'
import type { CustomTypes } from './policy-types-late.ts'

interface Discovered {
  readonly resources?: readonly { readonly name: string; readonly kind: string }[]
}

interface OpenApi {
  readonly components?: { readonly schemas?: Readonly<Record<string, OpenApiSchema>> }
}

type OpenApiSchema = JSONSchemaProps & {
  readonly 'x-kubernetes-group-version-kind'?: readonly { readonly group: string; readonly version: string; readonly kind: string }[]
}

/** `names` are group versions; those that the server does not serve or has no schema for are left out. */
export async function customTypes(client: Pick<Client, 'getPath'>, names: readonly string[], signal: AbortSignal): Promise<CustomTypes> {
  const found = new Map<string, { readonly kind: string; readonly schema: JSONSchemaProps }>()
  for (const name of names) {
    const discovered = await orNothing(client.getPath<Discovered>(`/apis/${name}`, signal))
    const served = discovered?.resources?.filter(resource => !resource.name.includes('/')) ?? []
    if (served.length === 0) continue
    const document = await orNothing(client.getPath<OpenApi>(`/openapi/v3/apis/${name}`, signal))
    const schemas = Object.values(document?.components?.schemas ?? {})
    for (const { name: plural, kind } of served) {
      const schema = schemas.find(({ 'x-kubernetes-group-version-kind': kinds = [] }) =>
        kinds.some(of => `${of.group}/${of.version}` === name && of.kind === kind),
      )
      if (schema !== undefined) found.set(`${name}/${plural}`, { kind, schema })
    }
  }
  return found
}

async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (err) {
    if (isReason(err, 'NotFound')) return undefined
    throw err
  }
}
