// Reads and validates the AuthenticationConfiguration before anything starts, so that an invalid file gives a message and not a server that
// dies.
import type { AuthenticationConfiguration } from '../../access/jwt/configuration.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import type { Config } from '../../base/config/config.ts'
import { type FollowedFile, openFollowedFile } from './followed-file.ts'

/** Undefined if no file is set. */
export async function authenticationOf(
  { authenticationConfigFile: file }: Pick<Config, 'authenticationConfigFile'>,
  clock: Clock = systemClock,
): Promise<FollowedFile<AuthenticationConfiguration> | undefined> {
  if (file === undefined) return undefined
  const validate = async (text: string, former: AuthenticationConfiguration | undefined): Promise<AuthenticationConfiguration> => {
    // Loaded only if needed, because it brings the expression engine.
    const { readAuthenticationConfiguration } = await import('../../access/jwt/read-configuration.ts')
    const { authenticationScope } = await import('../../cluster/access/token-issuers.ts')
    return readAuthenticationConfiguration(text, file, authenticationScope, former)
  }
  return await openFollowedFile({ path: file, what: `the authentication configuration "${file}"`, validate, clock })
}
