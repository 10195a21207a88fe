// Maintains the condition Available of APIServices. Checks them when they, their service or its endpoints change, and at intervals.
import type { Clock } from '../../../base/clock.ts'
import type { Logger } from '../../../base/log.ts'
import { type NextTime, RepeatedWork } from '../../../base/repeated-work.ts'
import { messageOf } from '../../../base/user-error.ts'
import type { OwnRequests } from '../../http/internal-requests.ts'
import type { ApiServiceIndex } from './api-service-index.ts'
import { type Availability, local, passed, withAvailability } from './available-condition.ts'
import type { Backends } from './backends.ts'
import type { ConnectApiParts } from './connect-api.ts'
import type { ApiServiceObject, RegisteredApi } from './registered-api.ts'
import { requestBackend } from './request-backend.ts'

export interface AvailabilityParts extends ConnectApiParts {
  readonly index: ApiServiceIndex
  readonly backends: Backends
  readonly clock: Clock
  readonly log: Logger
}

/** Upstream's resync. */
const recheckMs = 30_000
const firstRetryMs = 1000
/** Upstream's time limit of a check, and how many endpoints are tried at once. */
const answerMs = 5000
const attempts = 5

export class AvailabilityController {
  readonly #parts: AvailabilityParts
  readonly #signal: AbortSignal
  readonly #work: RepeatedWork
  /** Milliseconds until the next check of failed ones. */
  readonly #retries = new Map<string, number>()
  #requests: OwnRequests | undefined

  constructor(parts: AvailabilityParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = signal
    const { clock, log } = parts
    this.#work = new RepeatedWork({ name: 'availability of API services', clock, log, work: name => this.#check(name) }, signal)
  }

  /** Checks this APIService now, or as soon as `run` is called. */
  check(name: string): void {
    this.#work.due(name)
  }

  /** Runs until the signal. */
  run(requests: OwnRequests): Promise<void> {
    this.#requests = requests
    return this.#work.run()
  }

  async #check(name: string): Promise<NextTime> {
    const outcome = await this.#look(name)
    if (outcome === 'failed') {
      const wait = this.#retries.get(name) ?? firstRetryMs
      this.#retries.set(name, Math.min(wait * 2, recheckMs))
      return wait
    }
    this.#retries.delete(name)
    return outcome === 'gone' ? 'never' : outcome === 'local' ? 'when due' : recheckMs
  }

  async #look(name: string): Promise<'gone' | 'local' | 'passed' | 'failed'> {
    const entry = this.#parts.index.entry(name)
    if (entry === undefined) return 'gone'
    const object = entry.object as ApiServiceObject
    // This server answers its built-in group versions itself, whatever the APIService says.
    const api = this.#parts.index.named(name)
    const availability = api === undefined ? local : await this.#validate(api)
    if (this.#signal.aborted) return 'failed'
    const conditions = object.status?.conditions ?? []
    const wanted = withAvailability(conditions, availability, this.#parts.clock.now())
    if (wanted !== conditions) {
      this.#parts.log.info('availability of API service changed', { apiService: name, ...availability })
      await this.#requests?.patch(`${apiServicesPath}/${name}/status?fieldManager=kube-apiserver`, entry.revision, {
        op: 'add',
        path: '/status',
        value: { ...object.status, conditions: wanted },
      })
    }
    return api === undefined ? 'local' : availability.available ? 'passed' : 'failed'
  }

  /** As upstream, one responding endpoint is enough. */
  async #validate(api: RegisteredApi): Promise<Availability> {
    const state = this.#parts.backends.state(api.service)
    if (!state.found) return { available: false, reason: state.reason, message: state.message }
    const limit = AbortSignal.any([this.#signal, AbortSignal.timeout(answerMs)])
    const path = `/apis/${api.group}/${api.version}`
    const tried = state.endpoints.slice(0, attempts).map(async endpoint => {
      const { status } = await requestBackend(this.#parts, api, endpoint, { path, maxBytes: 0 }, limit)
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
