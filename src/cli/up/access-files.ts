// The files for authentication and authorization: read before anything starts, and again whenever they change.

import type { AuthenticationConfiguration } from '../../access/jwt/configuration.ts'
import type { AuthorizationConfiguration } from '../../access/webhook/authorization-configuration.ts'
import type { Config } from '../../base/config/config.ts'
import type { Logger } from '../../base/log.ts'
import type { ConfigurationStates } from '../../cluster/reloaded-configurations.ts'
import type { FollowedFile } from './followed-file.ts'
import { authenticationOf } from './read-authentication.ts'
import { authorizationOf } from './read-authorization.ts'

export interface AccessFiles {
  readonly authentication: FollowedFile<AuthenticationConfiguration> | undefined
  readonly authorization: FollowedFile<AuthorizationConfiguration> | undefined
}

/** Rejects with a UserError. */
export async function readAccessFiles(config: Config): Promise<AccessFiles> {
  return { authentication: await authenticationOf(config), authorization: await authorizationOf(config) }
}

export const statesOf = ({ authentication, authorization }: AccessFiles): ConfigurationStates => ({
  authentication: authentication?.state,
  authorization: authorization?.state,
})

/** Calls back for each change. Resolves at the signal. */
export async function followAccessFiles(
  files: AccessFiles,
  onChange: (states: ConfigurationStates) => void,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const tell = () => onChange(statesOf(files))
  try {
    await Promise.all([files.authentication?.run(tell, log, signal), files.authorization?.run(tell, log, signal)])
  } catch (err) {
    // The cluster continues with the current configuration.
    log.error('cannot watch the access configuration files any more: changes need a restart', { err })
  }
}
