// Where a kubeconfig file leads, with the contents of what it names: whoever asks the webhook need not be able to read them.
import { load } from 'js-yaml'
import type { WebhookEndpoint } from '../../access/authorization-configuration.ts'
import { ConfigurationFault } from '../../admission/configuration-value.ts'
import { readEndpoint, withFileContents } from '../../admission/webhook/client-identity.ts'
import { messageOf, UserError } from '../../base/user-error.ts'

/** Throws a UserError. `read` gives the content of a file that the kubeconfig names. */
export function webhookEndpoint(kubeconfig: string, read: (path: string) => string): WebhookEndpoint {
  let value: unknown
  try {
    value = load(kubeconfig)
  } catch (err) {
    throw new UserError(`it is no YAML: ${messageOf(err)}`, { cause: err })
  }
  try {
    return readEndpoint(withFileContents(value, read), 'the kubeconfig file')
  } catch (err) {
    throw err instanceof ConfigurationFault ? new UserError(err.fault, { cause: err }) : err
  }
}
