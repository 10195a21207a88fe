// The webhooks of an AuthorizationConfiguration: one with unchanged settings keeps its cached answers.
import type { WebhookEndpoint } from '../../base/net/webhook-endpoint.ts'
import { writeJson } from '../../base/write-json.ts'
import type { WebhookAuthorizer } from '../access.ts'
import type { AuthorizationConfiguration, WebhookSettings } from '../webhook/authorization-configuration.ts'
import type { AuthorizationWebhookMetrics } from '../webhook/webhook-metrics.ts'

export interface WebhookSetParts {
  make(name: string, settings: WebhookSettings): WebhookAuthorizer
  /** The endpoint is no longer used. */
  release(endpoint: WebhookEndpoint): void
  readonly metrics: Pick<AuthorizationWebhookMetrics, 'serve'>
}

interface Held {
  readonly authorizer: WebhookAuthorizer
  readonly endpoint: WebhookEndpoint
}

export class WebhookSet {
  readonly #parts: WebhookSetParts
  /** By name and settings. */
  #held: ReadonlyMap<string, Held> = new Map()

  constructor(parts: WebhookSetParts) {
    this.#parts = parts
  }

  /** Replaces the webhooks by those of this configuration, by name. */
  replace(configuration: AuthorizationConfiguration): ReadonlyMap<string, WebhookAuthorizer> {
    const { make, release, metrics } = this.#parts
    const held = new Map<string, Held>()
    for (const settings of configuration) {
      if (settings.type !== 'Webhook') continue
      const { name, webhook } = settings
      const key = writeJson(settings)
      held.set(key, this.#held.get(key) ?? { authorizer: make(name, webhook), endpoint: webhook.endpoint })
    }
    for (const [key, { endpoint }] of this.#held) if (!held.has(key)) release(endpoint)
    this.#held = held
    const webhooks = new Map([...held.values()].map(({ authorizer }) => [authorizer.name, authorizer]))
    metrics.serve([...webhooks.keys()])
    return webhooks
  }
}
