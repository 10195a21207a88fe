// Keeps the condition Available of APIServices: looked at when they, their service or its endpoints change, and again after a while.
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf } from '../../base/user-error.ts'
import type { OwnRequests } from '../own-requests.ts'
import type { ApiServiceIndex } from './api-service-index.ts'
import { askApi } from './ask-api.ts'
import { type Availability, local, passed, withAvailability } from './available-condition.ts'
import type { Backends } from './backends.ts'
import type { ConnectApiParts } from './connect-api.ts'
import { type ApiServiceObject, type RegisteredApi, registeredApi } from './registered-api.ts'

export interface AvailabilityParts extends ConnectApiParts {
  readonly index: ApiServiceIndex
  readonly backends: Backends
  readonly clock: Clock
  readonly log: Logger
}

/** Upstream's resync. */
const recheckMs = 30_000
const firstRetryMs = 1000
/** Upstream's bound for one answer, and how many are tried at once. */
const answerMs = 5000
const attempts = 5

interface Followed {
  /** Ends the pause before the next check. */
  wake: () => void
  due: boolean
}

export class AvailabilityController {
  readonly #parts: AvailabilityParts
  readonly #signal: AbortSignal
  readonly #followed = new Map<string, Followed>()
  readonly #running = new Set<Promise<void>>()
  #requests: OwnRequests | undefined

  constructor(parts: AvailabilityParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = signal
  }

  /** Looks at this APIService as soon as `run` has begun, or now. */
  check(name: string): void {
    const known = this.#followed.get(name)
    if (known !== undefined) {
      known.due = true
      known.wake()
      return
    }
    this.#followed.set(name, { due: true, wake: () => undefined })
    if (this.#requests !== undefined) this.#begin(name)
  }

  /** Until the signal. */
  async run(requests: OwnRequests): Promise<void> {
    this.#requests = requests
    for (const name of this.#followed.keys()) this.#begin(name)
    await new Promise<void>(resolve => {
      if (this.#signal.aborted) resolve()
      else this.#signal.addEventListener('abort', () => resolve(), { once: true })
    })
    for (const { wake } of this.#followed.values()) wake()
    await Promise.all(this.#running)
  }

  /** Each APIService is looked at by itself: one that does not answer keeps no other waiting. */
  #begin(name: string): void {
    const running = this.#keep(name).catch((err: unknown) =>
      this.#parts.log.error('API service not looked after', { apiService: name, err }),
    )
    this.#running.add(running)
    void running.then(() => this.#running.delete(running))
  }

  async #keep(name: string): Promise<void> {
    const followed = this.#followed.get(name)
    if (followed === undefined) return
    let retryMs = firstRetryMs
    while (!this.#signal.aborted) {
      followed.due = false
      const outcome = await this.#look(name)
      if (outcome === 'gone' && !followed.due) {
        this.#followed.delete(name)
        return
      }
      if (followed.due) continue
      await this.#rest(followed, outcome === 'failed' ? retryMs : outcome === 'local' ? undefined : recheckMs)
      retryMs = outcome === 'failed' ? Math.min(retryMs * 2, recheckMs) : firstRetryMs
    }
  }

  /** Until it is due, or the time is over. */
  async #rest(followed: Followed, ms: number | undefined): Promise<void> {
    const woken = new AbortController()
    followed.wake = () => woken.abort(new Error('due'))
    if (this.#signal.aborted) return
    if (ms !== undefined) await pause(this.#parts.clock, ms, woken.signal)
    else if (!woken.signal.aborted)
      await new Promise<void>(resolve => woken.signal.addEventListener('abort', () => resolve(), { once: true }))
    followed.wake = () => undefined
  }

  async #look(name: string): Promise<'gone' | 'local' | 'passed' | 'failed'> {
    const entry = this.#parts.index.entry(name)
    if (entry === undefined) return 'gone'
    const object = entry.object as ApiServiceObject
    const api = registeredApi(object)
    const availability = api === undefined ? local : await this.#judge(api)
    if (this.#signal.aborted) return 'failed'
    const conditions = object.status?.conditions ?? []
    const wanted = withAvailability(conditions, availability, this.#parts.clock.now())
    if (wanted !== conditions) {
      this.#parts.log.info('availability of API service changed', { apiService: name, ...availability })
      try {
        await this.#requests?.patch(`${apiServicesPath}/${name}/status?fieldManager=kube-apiserver`, entry.revision, {
          op: 'add',
          path: '/status',
          value: { ...object.status, conditions: wanted },
        })
      } catch (err) {
        if (!this.#signal.aborted) this.#parts.log.error('availability of API service not written', { apiService: name, err })
        return 'failed'
      }
    }
    return api === undefined ? 'local' : availability.available ? 'passed' : 'failed'
  }

  /** As upstream: one endpoint of several that answers is enough. */
  async #judge(api: RegisteredApi): Promise<Availability> {
    const state = this.#parts.backends.state(api.service)
    if (!state.found) return { available: false, reason: state.reason, message: state.message }
    const limit = AbortSignal.any([this.#signal, AbortSignal.timeout(answerMs)])
    const path = `/apis/${api.group}/${api.version}`
    const tried = state.endpoints.slice(0, attempts).map(async endpoint => {
      const { status } = await askApi(this.#parts, api, endpoint, { path, maxBytes: 0 }, limit)
      if (status < 200 || status > 299) throw new Error(`bad status from ${urlOf(api, path)}: ${status}`)
    })
    try {
      await Promise.any(tried)
      return passed
    } catch (err) {
      const [first] = err instanceof AggregateError ? err.errors : [err]
      const why = limit.aborted ? 'context deadline exceeded' : messageOf(first)
      return { available: false, reason: 'FailedDiscoveryCheck', message: `failing or missing response from ${urlOf(api, path)}: ${why}` }
    }
  }
}

export const apiServicesPath = '/apis/apiregistration.k8s.io/v1/apiservices'

const urlOf = ({ service: { name, namespace, port } }: RegisteredApi, path: string): string =>
  `https://${name}.${namespace}.svc:${port}${path}`
