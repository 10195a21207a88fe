// The clients of a run at an API server: ConfigMaps of one namespace, by create, update, patch, delete, get, list and watch.
import type { AdminConnection, Answer } from '../admin-request.ts'
import type { Version } from '../consistency/history.ts'
import type { Page, Received, RequestedWrite, Target, WriteAnswer } from '../consistency/target.ts'

const namespace = 'default'
const path = `/api/v1/namespaces/${namespace}/configmaps`

interface ConfigMap {
  readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly continue?: string }
  readonly data?: Readonly<Record<string, string>>
}

/** Answers that no run expects, such as 400 or 403. */
export type Surprises = Map<string, number>

export class ApiTarget implements Target {
  readonly #connection: AdminConnection
  readonly #prefix: string
  readonly #surprises: Surprises
  #updates = 0

  /** Objects whose names begin otherwise belong to others. */
  constructor(connection: AdminConnection, prefix: string, surprises: Surprises) {
    this.#connection = connection
    this.#prefix = prefix
    this.#surprises = surprises
  }

  async write(write: RequestedWrite): Promise<WriteAnswer> {
    const answer = await this.#send(write).catch(() => undefined)
    if (answer === undefined) return { outcome: 'unknown' }
    if (answer.status === 200 || answer.status === 201) {
      if (write.value === undefined) return { outcome: 'ok' }
      return { outcome: 'ok', revision: Number(parse<ConfigMap>(answer.text).metadata.resourceVersion) }
    }
    if (answer.status === 409 || (answer.status === 404 && write.expected !== 0)) return { outcome: 'refused' }
    // Too many requests, or no right yet: nothing was tried. Any other failure may come after the write.
    if (answer.status === 429) return { outcome: 'failed' }
    if (answer.status < 500) this.#surprise(answer)
    return { outcome: answer.status < 500 ? 'failed' : 'unknown' }
  }

  #send({ key, expected, value, group }: RequestedWrite): Promise<Answer> {
    const resourceVersion = String(expected)
    if (value === undefined)
      return this.#connection.json('DELETE', `${path}/${key}`, {
        ...{ apiVersion: 'v1', kind: 'DeleteOptions' },
        preconditions: { resourceVersion },
      })
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: key, labels: { group } }, data: { value } }
    if (expected === 0) return this.#connection.json('POST', path, object)
    const metadata = { ...object.metadata, resourceVersion }
    if (this.#updates++ % 2 === 0) return this.#connection.json('PUT', `${path}/${key}`, { ...object, metadata })
    return this.#connection.send({
      ...{ method: 'PATCH', path: `${path}/${key}`, headers: { 'content-type': 'application/merge-patch+json' } },
      body: JSON.stringify({ metadata, data: { value } }),
    })
  }

  async read(key: string): Promise<{ readonly found: Version | undefined } | undefined> {
    const answer = await this.#connection.send({ path: `${path}/${key}` }).catch(() => undefined)
    if (answer?.status === 200) return { found: versionOf(parse<ConfigMap>(answer.text)) }
    if (answer?.status === 404) return { found: undefined }
    if (answer !== undefined && answer.status < 500 && answer.status !== 429) this.#surprise(answer)
    return undefined
  }

  async list(group: string | undefined, pageSize: number): Promise<readonly Page[] | undefined> {
    const pages: Page[] = []
    let token: string | undefined
    do {
      const query = new URLSearchParams({
        ...{ limit: String(pageSize), ...selector(group) },
        ...(token === undefined ? {} : { continue: token }),
      })
      const answer = await this.#connection.send({ path: `${path}?${query}` }).catch(() => undefined)
      if (answer?.status !== 200) {
        // 410: the pages are no longer of one revision, and the server says so.
        if (answer !== undefined && answer.status < 500 && answer.status !== 410 && answer.status !== 429) this.#surprise(answer)
        return undefined
      }
      const { metadata, items } = parse<{ metadata: ConfigMap['metadata']; items: readonly ConfigMap[] }>(answer.text)
      const own = items.filter(item => item.metadata.name.startsWith(this.#prefix))
      pages.push({ revision: Number(metadata.resourceVersion), versions: own.map(versionOf) })
      token = metadata.continue === '' ? undefined : metadata.continue
    } while (token !== undefined)
    return pages
  }

  async watch(
    group: string | undefined,
    after: number,
    onRecord: (record: Received) => void,
    signal: AbortSignal,
  ): Promise<'ended' | 'expired'> {
    let expired = false
    const query = new URLSearchParams({ watch: '1', allowWatchBookmarks: 'true', resourceVersion: String(after), ...selector(group) })
    const onLine = (line: string) => {
      const { type, object } = parse<{ type: Received['type'] | 'ERROR'; object: ConfigMap & { code?: number } }>(line)
      if (type === 'ERROR') expired ||= object.code === 410
      else if (type === 'BOOKMARK') onRecord({ type, revision: Number(object.metadata.resourceVersion) })
      else if (object.metadata.name.startsWith(this.#prefix)) onRecord({ type, version: versionOf(object) })
    }
    const status = await this.#connection.lines(`${path}?${query}`, onLine, signal)
    return expired || status === 410 ? 'expired' : 'ended'
  }

  #surprise({ status, text }: Answer): void {
    const what = `${status} ${text.slice(0, 200)}`
    this.#surprises.set(what, (this.#surprises.get(what) ?? 0) + 1)
  }
}

const selector = (group: string | undefined): Record<string, string> => (group === undefined ? {} : { labelSelector: `group=${group}` })

const versionOf = ({ metadata, data }: ConfigMap): Version => ({
  ...{ key: metadata.name, revision: Number(metadata.resourceVersion) },
  value: data?.['value'] ?? '',
})

/** The server under test wrote it. */
const parse = <T>(text: string): T => JSON.parse(text) as T
