// Reloads the access configuration files of a running server: changes are put in force, counted, and shown by `bulkhead status`.

import { isDeepStrictEqual } from 'node:util'
import { type ConfigurationKind, type ConfigurationMetrics, configurationMetrics } from '../access/configuration-metrics.ts'
import type { AuthenticationConfiguration } from '../access/jwt/configuration.ts'
import type { AuthorizationConfiguration } from '../access/webhook/authorization-configuration.ts'
import type { Clock } from '../base/clock.ts'
import type { FileState } from '../base/files/file-state.ts'
import type { Logger } from '../base/log.ts'
import type { Registry } from '../base/metrics/metrics.ts'
import type { ReplaceConfiguration } from './control-plane-options.ts'

export interface ConfigurationStates {
  readonly authentication?: FileState<AuthenticationConfiguration> | undefined
  readonly authorization?: FileState<AuthorizationConfiguration> | undefined
}

/** The state of one configuration in `bulkhead status`. */
export type ShownConfiguration = Omit<FileState<unknown>, 'settings' | 'change'>

export interface ReloadParts {
  readonly metrics: Registry
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
}

export class ReloadedConfigurations {
  readonly #authentication: ReloadedFile<AuthenticationConfiguration> | undefined
  readonly #authorization: ReloadedFile<AuthorizationConfiguration> | undefined

  /** `states` are the states at the start of the server. */
  constructor({ authentication, authorization }: ConfigurationStates, replace: ReplaceConfiguration, parts: ReloadParts) {
    this.#authentication = reloaded('authentication', authentication, replace.authentication, parts)
    this.#authorization = reloaded('authorization', authorization, replace.authorization, parts)
  }

  /** A known state changes nothing. */
  take({ authentication, authorization }: ConfigurationStates): void {
    if (authentication) this.#authentication?.take(authentication)
    if (authorization) this.#authorization?.take(authorization)
  }

  /** By kind. */
  shown(): { readonly [kind in ConfigurationKind]?: ShownConfiguration } {
    return {
      ...(this.#authentication ? { authentication: this.#authentication.shown() } : {}),
      ...(this.#authorization ? { authorization: this.#authorization.shown() } : {}),
    }
  }
}

function reloaded<T>(
  kind: ConfigurationKind,
  first: FileState<T> | undefined,
  replace: ((next: T) => void) | undefined,
  parts: ReloadParts,
): ReloadedFile<T> | undefined {
  return first && replace && new ReloadedFile(kind, first, replace, parts)
}

class ReloadedFile<T> {
  readonly #kind: ConfigurationKind
  readonly #replace: (next: T) => void
  readonly #parts: ReloadParts
  readonly #metrics: ConfigurationMetrics
  #state: FileState<T>

  constructor(kind: ConfigurationKind, first: FileState<T>, replace: (next: T) => void, parts: ReloadParts) {
    this.#kind = kind
    this.#replace = replace
    this.#parts = parts
    this.#metrics = configurationMetrics(parts.metrics, kind)
    this.#metrics.inForce(first.hash)
    this.#state = first
  }

  take(next: FileState<T>): void {
    if (next.change <= this.#state.change) return
    const { clock, log } = this.#parts
    try {
      if (!isDeepStrictEqual(next.settings, this.#state.settings)) this.#replace(next.settings)
    } catch (err) {
      log.error('configuration not put in force, the one before holds', { kind: this.#kind, err })
      const refused = { since: clock.now(), why: 'it could not be applied: the log has the reason' }
      this.#state = { ...this.#state, change: next.change, refused }
      this.#metrics.reloaded('failure', refused.since)
      return
    }
    this.#state = next
    this.#metrics.inForce(next.hash)
    this.#metrics.reloaded(next.refused === undefined ? 'success' : 'failure', clock.now())
    if (next.refused === undefined) log.info('configuration read again', { kind: this.#kind, hash: next.hash })
  }

  shown(): ShownConfiguration {
    const { hash, since, refused } = this.#state
    return { hash, since, ...(refused ? { refused } : {}) }
  }
}
