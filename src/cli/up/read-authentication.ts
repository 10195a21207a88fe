// The AuthenticationConfiguration, read and judged before anything starts: a bad file is a message, not a server that dies.
import type { AuthenticationConfiguration } from '../../access/jwt/configuration.ts'
import type { Config } from '../../base/config.ts'
import { readSettingsText } from './settings-text.ts'

/** Undefined where none is named. */
export async function authenticationOf({
  authenticationConfigFile: file,
}: Pick<Config, 'authenticationConfigFile'>): Promise<AuthenticationConfiguration | undefined> {
  if (file === undefined) return undefined
  const text = readSettingsText(file, `the authentication configuration "${file}"`)
  // Brings the engine of expressions with it, which a supervisor without a configuration need not keep.
  const { readAuthenticationConfiguration } = await import('../../access/jwt/read-configuration.ts')
  const { authenticationScope } = await import('../../cluster/token-issuers.ts')
  return readAuthenticationConfiguration(text, file, authenticationScope)
}
