// Reads and validates the settings of the token webhook before anything starts.
import { resolve } from 'node:path'
import type { TokenWebhookSettings } from '../../access/authenticators/token-webhook.ts'
import type { Config } from '../../base/config/config.ts'
import { messageOf, UserError } from '../../base/user-error.ts'

type TokenWebhookConfig = Pick<
  Config,
  'authenticationTokenWebhookConfigFile' | 'authenticationTokenWebhookVersion' | 'authenticationTokenWebhookCacheMs'
>

/** Undefined if no file is set. */
export async function tokenWebhookOf(config: TokenWebhookConfig): Promise<TokenWebhookSettings | undefined> {
  const {
    authenticationTokenWebhookConfigFile: file,
    authenticationTokenWebhookVersion: version,
    authenticationTokenWebhookCacheMs: cacheMs,
  } = config
  if (file === undefined) return undefined
  // Loaded only if needed, because it brings a YAML parser.
  const { readWebhookEndpoint } = await import('./webhook-endpoint.ts')
  try {
    return { endpoint: readWebhookEndpoint(resolve(file)), version, cacheMs }
  } catch (err) {
    throw new UserError(`Cannot use the token webhook "${file}": ${messageOf(err)}`, { cause: err })
  }
}
