// The authorization configuration, read and judged before anything starts: a bad file is a message, not a server that dies.
import type { AuthorizationConfiguration } from '../../access/authorization-configuration.ts'
import type { Config } from '../../base/config.ts'
import { readSettingsText } from './settings-text.ts'

/** Undefined where none is named. */
export async function authorizationOf({
  authorizationConfigFile: file,
}: Pick<Config, 'authorizationConfigFile'>): Promise<AuthorizationConfiguration | undefined> {
  if (file === undefined) return undefined
  const text = readSettingsText(file, `the authorization configuration "${file}"`)
  // They bring the engine of expressions and a YAML parser, which a supervisor without a file need not keep.
  const [{ readAuthorizationConfiguration }, { readWebhookEndpoint }] = await Promise.all([
    import('../../access/authorization-configuration.ts'),
    import('./webhook-endpoint.ts'),
  ])
  return readAuthorizationConfiguration(text, file, readWebhookEndpoint)
}
