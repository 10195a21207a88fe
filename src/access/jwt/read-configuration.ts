// Reads and validates an AuthenticationConfiguration completely, so that the server part can use it as it is.
import { isDeepStrictEqual } from 'node:util'
import { forbiddenField, formatFieldError } from '../../api/field-error.ts'
import type { Fail } from '../../api/schema/strict-yaml.ts'
import { UserError } from '../../base/user-error.ts'
import { type CompileScope, compileConfiguration } from './compile-configuration.ts'
import type { AuthenticationConfiguration } from './configuration.ts'
import { decodeConfiguration } from './decode-configuration.ts'

/**
 * Throws a UserError that names `file` and all faults. As upstream, a new version of a configuration (`former`) cannot change the paths
 * that are open to anonymous requests.
 */
export function readAuthenticationConfiguration(
  text: string,
  file: string,
  scope: CompileScope,
  former?: AuthenticationConfiguration,
): AuthenticationConfiguration {
  const fail: Fail = what => {
    throw new UserError(`Cannot use the authentication configuration "${file}": ${what}`)
  }
  const configuration = decodeConfiguration(text, fail)
  const errors = [...compileConfiguration(configuration, scope).errors]
  if (former !== undefined && !isDeepStrictEqual(configuration.anonymous, former.anonymous))
    errors.push(forbiddenField('anonymous', 'changed from initial configuration file'))
  return errors.length > 0 ? fail(errors.map(formatFieldError).join('; ')) : configuration
}
