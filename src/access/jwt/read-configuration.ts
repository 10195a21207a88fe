// An AuthenticationConfiguration from its file, judged whole: what the server part is handed can be used as it is.
import { isDeepStrictEqual } from 'node:util'
import { forbiddenField, formatFieldError } from '../../api/field-error.ts'
import type { Fail } from '../../api/schema/strict-yaml.ts'
import { UserError } from '../../base/user-error.ts'
import { type CompileScope, compileConfiguration } from './compile-configuration.ts'
import type { AuthenticationConfiguration } from './configuration.ts'
import { decodeConfiguration } from './decode-configuration.ts'

/**
 * Throws a UserError that names `file` and everything that is wrong. As upstream, one that comes in the place of another, `former`, opens no other paths
 * to requests without credentials.
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
