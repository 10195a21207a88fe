// A secured API server with a server behind an APIService.
import type { Profile } from '../../../base/config/config.ts'
import type { Signer } from '../../../signer/signer.ts'
import { type Answer, admin, restrictedPod, SecuredApi } from '../secured-api.testing.ts'
import { apiServiceFor, apiServices, createService, type ExtensionOptions, ExtensionServer } from './extension-server.testing.ts'
import { flunders, group } from './flunder-server.testing.ts'

export interface AggregationOptions extends ExtensionOptions {
  readonly profile?: Profile
  /** Default: one whose authorities all clusters of the process share. */
  readonly signer?: Signer
  /** Merged into the APIService's spec. */
  readonly spec?: object
  /** Merged into the EndpointSlice of its Service. */
  readonly slice?: object
  /** Default true: wait until it is available. */
  readonly available?: boolean
}

export class Aggregation implements AsyncDisposable {
  readonly api: SecuredApi
  readonly extension: ExtensionServer
  readonly #changed = new Set<() => void>()

  private constructor(api: SecuredApi, extension: ExtensionServer) {
    this.api = api
    this.extension = extension
    api.server.onForeignChange(() => {
      for (const resolve of this.#changed) resolve()
      this.#changed.clear()
    })
  }

  static async open({
    profile = 'secure',
    signer,
    spec = {},
    slice = {},
    available = true,
    ...extensionOptions
  }: AggregationOptions = {}): Promise<Aggregation> {
    const api = await SecuredApi.open({ profile, ...(signer ? { signer } : {}) })
    const extension = await ExtensionServer.start(api.signer, extensionOptions)
    extension.standBehind(api.server, 'wardle-0')
    await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
    const putStatus = (path: string, status: object) => api.request(admin, 'PATCH', path, { status })
    await createService((path, object) => api.create(path, object), putStatus, restrictedPod('wardle-0'), slice)
    await api.create(apiServices, apiServiceFor(extension, spec))
    const made = new Aggregation(api, extension)
    if (available) await made.until(({ status }) => status === 'True')
    return made
  }

  /** Answers requests for flunders; the server's own requests are answered as before. */
  set answerFlunders(answer: ExtensionServer['answer']) {
    const usual = this.extension.answer
    this.extension.answer = (request, response) => (request.url?.startsWith(flunders) ? answer : usual)(request, response)
  }

  /** Waits until the condition Available is as expected. */
  async until(is: (condition: Condition) => boolean, name = `v1.${group}`): Promise<Condition> {
    const collection = this.api.store.collection({ groupResource: 'apiservices.apiregistration.k8s.io' })
    const { promise, resolve } = Promise.withResolvers<Condition>()
    const look = () => {
      const object = collection.get('', name)?.object as { status?: { conditions?: Condition[] } } | undefined
      const condition = object?.status?.conditions?.find(({ type }) => type === 'Available')
      if (condition !== undefined && is(condition)) resolve(condition)
    }
    const watch = collection.watch({ after: this.api.store.revision, name })
    watch.onEvents(look)
    look()
    const found = await promise
    watch.close()
    return found
  }

  /** Resolves at the next change of the backend's known documents. */
  documentsChanged(): Promise<void> {
    return new Promise(resolve => this.#changed.add(resolve))
  }

  /** The first condition: the result of the first check of the backend. */
  firstCondition(): Promise<Condition> {
    return this.until(() => true)
  }

  /** Waits until it holds, checking again after each change of the backend's known documents. */
  async untilDocuments(holds: () => Promise<boolean>): Promise<void> {
    for (;;) {
      const changed = this.documentsChanged()
      if (await holds()) return
      await changed
    }
  }

  request(...args: Parameters<SecuredApi['request']>): Promise<Answer> {
    return this.api.request(...args)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api[Symbol.asyncDispose]()
    await this.extension[Symbol.asyncDispose]()
  }
}

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
}
