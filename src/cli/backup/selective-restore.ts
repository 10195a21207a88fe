// `bulkhead backup restore --into`: restores some objects into a running cluster through its API, so that admission, rights and audit apply. Nothing
// is written before everything that would happen was named.
import { type ObjectRecord, placeKey } from '../../api/backup/record-line.ts'
import { parseLabelSelector } from '../../api/selectors/selector.ts'
import { orderOf, planDeletion, planObject, type SelectiveAction, type WantedObject } from '../../backup/plan-selective.ts'
import { inParallel } from '../../base/async/in-parallel.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { readText } from '../../client/client.ts'
import type { Transport } from '../../client/transport/transport.ts'
import { type PathOf, servedPaths } from './served-paths.ts'

export interface Selection {
  readonly namespace?: string
  /** A resource such as `configmaps` or `deployments.apps`, or a kind. */
  readonly kind?: string
  readonly selector?: string
  /** Whether objects that the backup does not have are deleted. */
  readonly delete?: boolean
  readonly dryRun?: boolean
}

type Print = (text: string) => void
type Fields = Readonly<Record<string, unknown>>

const requestsAtOnce = 4
const maxShown = 1000

/** Returns the exit code: 0 if everything was, or would be, done; 1 if something is refused. */
export async function restoreSelected(
  objects: Iterable<ObjectRecord>,
  selection: Selection,
  transport: Transport,
  print: Print,
  signal: AbortSignal,
): Promise<number> {
  const wanted = selectObjects(objects, selection)
  const paths = await servedPaths(transport, signal)
  const actions = await inParallel(wanted, requestsAtOnce, async target => {
    const path = paths.get(target.resource)
    if (path === undefined) return { verb: 'skip', target, why: 'the cluster does not serve its kind' } satisfies SelectiveAction
    return planObject(target, await read(transport, path(target).object, signal))
  })
  if (selection.delete === true) actions.push(...(await deletions(wanted, selection, paths, transport, signal)))
  // What would happen, with the answers of admission and of the rights of this user.
  const dry = await inParallel(actions, requestsAtOnce, action => apply(action, paths, transport, true, signal))
  actions.forEach((action, index) => {
    if (action.verb !== 'keep' && index < maxShown) print(lineOf(action, dry[index]))
  })
  const counts = (['create', 'change', 'delete', 'keep', 'skip'] as const).map(
    verb => `${actions.filter(action => action.verb === verb).length} to ${verb}`,
  )
  const refused = dry.filter(problem => problem !== undefined).length
  print(`${counts.join(', ')}; ${refused} refused`)
  if (selection.dryRun === true) return refused === 0 ? 0 : 1
  if (refused > 0) {
    print('Nothing was written, because some of it would be refused')
    return 1
  }
  let failed = 0
  for (const action of actions) {
    const problem = await apply(action, paths, transport, false, signal)
    if (problem === undefined) continue
    failed++
    print(lineOf(action, problem))
  }
  print(failed === 0 ? 'Done' : `${failed} failed; run it again to see what is left`)
  return failed === 0 ? 0 : 1
}

/** Pure. Throws a UserError for a selection of nothing. */
export function selectObjects(objects: Iterable<ObjectRecord>, { namespace, kind, selector }: Selection): WantedObject[] {
  if (namespace === undefined && kind === undefined && selector === undefined)
    throw new UserError('Choose what to restore with --namespace, --kind or --selector; a whole cluster is restored with --to')
  const labels = selector === undefined ? undefined : parseLabelSelector(selector)
  const found: WantedObject[] = []
  for (const record of objects) {
    const { resource, name, bytes } = record
    if (bytes === undefined) continue
    // A namespace is of itself.
    if (namespace !== undefined && record.namespace !== namespace && !(resource === 'namespaces' && name === namespace)) continue
    const object = parseJson(bytes.toString('utf8'))
    if (!isJsonObject(object)) continue
    const isKind =
      kind === undefined || [resource, resource.split('.')[0], String(object['kind']).toLowerCase()].includes(kind.toLowerCase())
    if (!isKind || (labels !== undefined && !labels.matches(labelsOf(object)))) continue
    found.push({ resource, namespace: record.namespace, name, object })
  }
  return found.sort((one, other) => orderOf(one.resource) - orderOf(other.resource))
}

function labelsOf(object: Fields): Record<string, string> {
  const metadata = object['metadata']
  const labels = isJsonObject(metadata) ? metadata['labels'] : undefined
  const texts: [string, string][] = []
  for (const [key, value] of Object.entries(isJsonObject(labels) ? labels : {})) if (typeof value === 'string') texts.push([key, value])
  return Object.fromEntries(texts)
}

/** What the cluster has in the selection, of the resources that the backup has there, and the backup has not. */
async function deletions(
  wanted: readonly WantedObject[],
  { namespace = '', selector }: Selection,
  paths: ReadonlyMap<string, PathOf>,
  transport: Transport,
  signal: AbortSignal,
): Promise<SelectiveAction[]> {
  const known = new Set(wanted.map(placeKey))
  const query = selector === undefined ? '' : `?${new URLSearchParams({ labelSelector: selector })}`
  const resources = [...new Set(wanted.map(({ resource }) => resource))].filter(resource => resource !== 'namespaces')
  const lists = await inParallel(resources, requestsAtOnce, async resource => {
    const path = paths.get(resource)
    const list = path && (await read(transport, `${path({ namespace, name: 'x' }).collection}${query}`, signal))
    const items = list?.['items']
    return (Array.isArray(items) ? items : []).flatMap((item: unknown): WantedObject[] => {
      const metadata = isJsonObject(item) ? item['metadata'] : undefined
      if (!isJsonObject(item) || !isJsonObject(metadata)) return []
      return [{ resource, namespace: String(metadata['namespace'] ?? ''), name: String(metadata['name']), object: item }]
    })
  })
  const extra = lists.flat().filter(target => !known.has(placeKey(target)))
  return extra.map(planDeletion)
}

/** Undefined if it does not exist. */
async function read(transport: Transport, path: string, signal: AbortSignal): Promise<Fields | undefined> {
  const answer = await transport.request({ method: 'GET', path }, signal)
  const value = parseJson(await readText(answer))
  if (answer.status === 404) return undefined
  if (answer.status !== 200 || !isJsonObject(value))
    throw new UserError(`The API server answers GET ${path} with ${answer.status}: ${messageIn(value)}`)
  return value
}

/** Returns why it is refused. */
async function apply(
  action: SelectiveAction,
  paths: ReadonlyMap<string, PathOf>,
  transport: Transport,
  dry: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  const path = paths.get(action.target.resource)?.(action.target)
  if (action.verb === 'keep' || action.verb === 'skip' || path === undefined) return undefined
  const query = dry ? '?dryRun=All' : ''
  const headers = { 'content-type': 'application/json' }
  const request =
    action.verb === 'delete'
      ? { method: 'DELETE' as const, path: `${path.object}${query}` }
      : {
          ...(action.verb === 'create'
            ? { method: 'POST' as const, path: `${path.collection}${query}` }
            : { method: 'PUT' as const, path: `${path.object}${query}` }),
          ...{ headers, body: Buffer.from(writeJson(action.body)) },
        }
  const answer = await transport.request(request, signal)
  const text = await readText(answer)
  if (answer.status < 300) return undefined
  const message = messageIn(parseJson(text))
  // In a dry run the namespace that would be created first is not there.
  if (dry && answer.status === 404 && /^namespaces ".*" not found$/.test(message)) return undefined
  return `${answer.status} ${message}`
}

const messageIn = (value: unknown): string => (isJsonObject(value) && typeof value['message'] === 'string' ? value['message'] : '')

function lineOf(action: SelectiveAction, problem: string | undefined): string {
  const { verb, target } = action
  const place = `${target.resource} ${target.namespace === '' ? '' : `${target.namespace}/`}${target.name}`
  const more = verb === 'change' ? `: ${action.changed.join(', ')}` : verb === 'skip' ? `: ${action.why}` : ''
  return problem === undefined ? `${verb.padEnd(6)} ${place}${more}` : `REFUSED to ${verb} ${place}: ${problem}`
}
