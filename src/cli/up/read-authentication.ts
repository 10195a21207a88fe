// The AuthenticationConfiguration, read and judged before anything starts: a bad file is a message, not a server that dies.
import { readFileSync, statSync } from 'node:fs'
import type { AuthenticationConfiguration } from '../../access/jwt/configuration.ts'
import type { Config } from '../../base/config.ts'
import { UserError, whyUnreadable } from '../../base/user-error.ts'

const maxAuthenticationBytes = 1024 * 1024

/** Undefined where none is named. */
export async function authenticationOf({
  authenticationConfigFile: file,
}: Pick<Config, 'authenticationConfigFile'>): Promise<AuthenticationConfiguration | undefined> {
  if (file === undefined) return undefined
  let text: string
  try {
    if (statSync(file).size > maxAuthenticationBytes) throw new UserError(`it has more than ${maxAuthenticationBytes} bytes`)
    text = readFileSync(file, 'utf8')
  } catch (err) {
    throw new UserError(`Cannot read the authentication configuration "${file}": ${whyUnreadable(err)}`, { cause: err })
  }
  // Brings the engine of expressions with it, which a supervisor without a configuration need not keep.
  const { readAuthenticationConfiguration } = await import('../../access/jwt/read-configuration.ts')
  const { authenticationScope } = await import('../../cluster/token-issuers.ts')
  return readAuthenticationConfiguration(text, file, authenticationScope)
}
