// Reads and validates the authorization configuration before anything starts, so that an invalid file gives a message and not a server that
// dies.
import type { AuthorizationConfiguration } from '../../access/webhook/authorization-configuration.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import type { Config } from '../../base/config/config.ts'
import { type FollowedFile, openFollowedFile } from './followed-file.ts'

/** Undefined if no file is set. */
export async function authorizationOf(
  { authorizationConfigFile: file }: Pick<Config, 'authorizationConfigFile'>,
  clock: Clock = systemClock,
): Promise<FollowedFile<AuthorizationConfiguration> | undefined> {
  if (file === undefined) return undefined
  const validate = async (text: string): Promise<AuthorizationConfiguration> => {
    // Loaded only if needed, because they bring the expression engine and a YAML parser.
    const [{ readAuthorizationConfiguration }, { readWebhookEndpoint }] = await Promise.all([
      import('../../access/webhook/authorization-configuration.ts'),
      import('./webhook-endpoint.ts'),
    ])
    return readAuthorizationConfiguration(text, file, readWebhookEndpoint)
  }
  return await openFollowedFile({ path: file, what: `the authorization configuration "${file}"`, validate, clock })
}
