// Where a kubeconfig file leads, with the contents of what it names: whoever asks the webhook need not be able to read them.
import { dirname, resolve } from 'node:path'
import { load } from 'js-yaml'
import { ConfigurationFault } from '../../admission/configuration-value.ts'
import { readEndpoint, withFileContents } from '../../admission/webhook/client-identity.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { WebhookEndpoint } from '../../base/webhook-endpoint.ts'
import { readSettingsText } from './settings-text.ts'

/** Throws a UserError. */
export function readWebhookEndpoint(path: string): WebhookEndpoint {
  const text = readSettingsText(path, 'the kubeconfig file')
  let value: unknown
  try {
    value = load(text)
  } catch (err) {
    throw new UserError(`it is no YAML: ${messageOf(err)}`, { cause: err })
  }
  const read = (named: string): string => {
    const from = resolve(dirname(path), named)
    return readSettingsText(from, `"${from}"`)
  }
  try {
    return readEndpoint(withFileContents(value, read), 'the kubeconfig file')
  } catch (err) {
    throw err instanceof ConfigurationFault ? new UserError(err.fault, { cause: err }) : err
  }
}
