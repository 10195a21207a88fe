// The authorizers of an AuthorizationConfiguration. The engine for their conditions is loaded only if there is a file.

import { type Authorization, createAuthorization, replaceableAuthorization } from '../../access/authorize.ts'
import { type AuthorizerParts, authorizerList, createWebhookAuthorizer } from '../../access/authorizers/index.ts'
import type { WebhookParts } from '../../access/authorizers/webhook.ts'
import type { WebhookSetParts } from '../../access/authorizers/webhook-set.ts'
import type { AuthorizationConfiguration } from '../../access/webhook/authorization-configuration.ts'
import type { Registry } from '../../base/metrics/metrics.ts'

export interface ConfiguredAuthorization extends Authorization {
  /** Replaces the configuration. Undefined if there is none that could change. */
  readonly replace?: (configuration: AuthorizationConfiguration) => void
}

export async function configuredAuthorization(
  parts: AuthorizerParts,
  configuration: AuthorizationConfiguration | undefined,
  {
    metrics: registry,
    release,
    ...asking
  }: Omit<WebhookParts, 'metrics'> & Pick<WebhookSetParts, 'release'> & { readonly metrics: Registry },
): Promise<ConfiguredAuthorization> {
  if (configuration === undefined) return createAuthorization(authorizerList(parts))
  const [{ compileMatches }, { authorizationWebhookMetrics }, { WebhookSet }] = await Promise.all([
    import('../../access/webhook/webhook-conditions.ts'),
    import('../../access/webhook/webhook-metrics.ts'),
    import('../../access/authorizers/webhook-set.ts'),
  ])
  const metrics = authorizationWebhookMetrics(registry)
  const set = new WebhookSet({
    make: (name, settings) => createWebhookAuthorizer(name, settings, compileMatches(settings.conditions), { ...asking, metrics }),
    ...{ release, metrics },
  })
  const listOf = (next: AuthorizationConfiguration) => authorizerList(parts, { configuration: next, webhooks: set.replace(next) })
  const authorization = replaceableAuthorization(listOf(configuration))
  return {
    authorize: authorization.authorize,
    get authorizers() {
      return authorization.authorizers
    },
    replace: next => authorization.replace(listOf(next)),
  }
}
