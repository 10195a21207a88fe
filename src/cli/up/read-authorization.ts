// The authorization configuration, read and judged before anything starts: a bad file is a message, not a server that dies.
import type { AuthorizationConfiguration } from '../../access/authorization-configuration.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import type { Config } from '../../base/config.ts'
import { type FollowedFile, openFollowedFile } from './followed-file.ts'

/** Undefined where none is named. */
export async function authorizationOf(
  { authorizationConfigFile: file }: Pick<Config, 'authorizationConfigFile'>,
  clock: Clock = systemClock,
): Promise<FollowedFile<AuthorizationConfiguration> | undefined> {
  if (file === undefined) return undefined
  const validate = async (text: string): Promise<AuthorizationConfiguration> => {
    // They bring the engine of expressions and a YAML parser, which a supervisor without a file need not keep.
    const [{ readAuthorizationConfiguration }, { readWebhookEndpoint }] = await Promise.all([
      import('../../access/authorization-configuration.ts'),
      import('./webhook-endpoint.ts'),
    ])
    return readAuthorizationConfiguration(text, file, readWebhookEndpoint)
  }
  return await openFollowedFile({ path: file, what: `the authorization configuration "${file}"`, validate, clock })
}
