// Sends each manifest as a dry run, so that every step of a real request evaluates it, and asks for the explanation.
import { readFile } from 'node:fs/promises'
import { isRecord } from '../../api/schema/compile.ts'
import { parseYamlDocuments, YamlError } from '../../api/schema/yaml.ts'
import { ApiError } from '../../api/status.ts'
import { cannotRead, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { readText } from '../../client/client.ts'
import { resourcePath } from '../../client/resource-ref.ts'
import type { ApiRequest } from '../../client/transport/transport.ts'
import type { Explanation } from '../../server/paths/why/explanation.ts'
import { explainById } from './explain.ts'
import type { WhyContext } from './why.ts'

interface Manifest extends Readonly<Record<string, unknown>> {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Readonly<Record<string, unknown>>
}

/** In the order of the file. An existing object is evaluated as the update that an apply would make. */
export async function tryManifests(context: WhyContext, file: string): Promise<Explanation[]> {
  const explanations: Explanation[] = []
  for (const manifest of (await readManifests(file)).flatMap(itemsOf)) explanations.push(await tryManifest(context, manifest))
  if (explanations.length === 0) throw new UserError(`There is no manifest in "${file}"`)
  return explanations
}

async function readManifests(file: string): Promise<unknown[]> {
  try {
    return parseYamlDocuments(await readFile(file === '-' ? '/dev/stdin' : file, 'utf8'))
  } catch (err) {
    if (err instanceof YamlError) throw new UserError(`Cannot read "${file}": ${err.message}`, { cause: err })
    throw cannotRead(file, err)
  }
}

/** A List is replaced by its items. */
function itemsOf(document: unknown): unknown[] {
  return isRecord(document) && document['kind'] === 'List' && Array.isArray(document['items']) ? document['items'] : [document]
}

async function tryManifest(context: WhyContext, value: unknown): Promise<Explanation> {
  if (!isManifest(value)) throw new UserError('A manifest must have "apiVersion", "kind" and "metadata"')
  const { name } = value.metadata
  const { collection, object } = await pathsOf(context, value)
  const created = await send(context, { method: 'POST', path: `${collection}?dryRun=All`, body: value, type: 'application/json' })
  if (created.status !== 409 || typeof name !== 'string') return await explainById(context, created.auditId)
  const path = `${object(name)}?dryRun=All&fieldManager=bulkhead-why&force=true`
  const applied = await send(context, { method: 'PATCH', path, body: value, type: 'application/apply-patch+yaml' })
  return await explainById(context, applied.auditId)
}

const isManifest = (value: unknown): value is Manifest =>
  isRecord(value) && typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string' && isRecord(value['metadata'])

async function pathsOf({ client, namespace, flags, signal }: WhyContext, { apiVersion, kind, metadata }: Manifest) {
  const slash = apiVersion.indexOf('/')
  const [group, version] = slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)]
  const list = await client
    .getPath<{ resources?: { name: string; kind: string; namespaced: boolean }[] }>(
      group === '' ? `/api/${version}` : `/apis/${apiVersion}`,
      signal,
    )
    .catch((err: unknown) => {
      if (err instanceof ApiError && err.status.code === 404) return { resources: [] }
      throw err
    })
  const found = list.resources?.find(entry => entry.kind === kind && !entry.name.includes('/'))
  if (found === undefined) throw new UserError(`The server has no kind "${kind}" in version "${apiVersion}"`)
  const resource = { group, version, plural: found.name, namespaced: found.namespaced }
  const own = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : undefined
  const where = flags.namespace ?? own ?? namespace
  return { collection: resourcePath(resource, where), object: (name: string) => resourcePath(resource, where, name) }
}

interface Sent extends Pick<ApiRequest, 'method' | 'path'> {
  readonly body: unknown
  readonly type: string
}

async function send(
  { transport, flags, signal }: WhyContext,
  { method, path, body, type }: Sent,
): Promise<{ status: number; auditId: string }> {
  const { as, asGroup = [] } = flags
  const headers = {
    'content-type': type,
    ...(as === undefined ? {} : { 'impersonate-user': as }),
    ...(asGroup.length === 0 ? {} : { 'impersonate-group': [...asGroup] }),
  }
  const response = await transport.request({ method, path, headers, body: Buffer.from(writeJson(body)) }, signal)
  await readText(response)
  const auditId = response.headers['audit-id']
  if (auditId === undefined) throw new UserError('The server sent no audit id, so it cannot explain its answers')
  return { status: response.status, auditId }
}
