// The authorizers of an AuthorizationConfiguration with what they need to ask. The engine of their conditions is loaded only where there is a file.
import type { AuthorizationConfiguration } from '../access/authorization-configuration.ts'
import type { ConfiguredAuthorizers } from '../access/authorizers/index.ts'
import type { WebhookParts } from '../access/authorizers/webhook.ts'
import type { Registry } from '../base/metrics.ts'

export async function configuredAuthorizers(
  configuration: AuthorizationConfiguration,
  { metrics, ...parts }: Omit<WebhookParts, 'metrics'> & { readonly metrics: Registry },
): Promise<ConfiguredAuthorizers> {
  const [{ compileMatches }, { authorizationWebhookMetrics }] = await Promise.all([
    import('../access/webhook-conditions.ts'),
    import('../access/webhook-metrics.ts'),
  ])
  return { configuration, compileMatches, webhooks: { ...parts, metrics: authorizationWebhookMetrics(metrics) } }
}
