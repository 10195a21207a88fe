// Reads the endpoint of a webhook from a kubeconfig, with the content of the files that it names, because the part that calls the webhook
// may not be able to read them.
import { dirname, resolve } from 'node:path'
import { ConfigurationFault } from '../../admission/configuration-value.ts'
import { readEndpoint, withFileContents } from '../../admission/webhook/client-identity.ts'
import { readYaml, YamlError } from '../../api/schema/yaml.ts'
import type { WebhookEndpoint } from '../../base/net/webhook-endpoint.ts'
import { UserError } from '../../base/user-error.ts'
import { readSettingsText } from './settings-text.ts'

/** Throws a UserError. */
export function readWebhookEndpoint(path: string): WebhookEndpoint {
  const text = readSettingsText(path, 'the kubeconfig file')
  let value: unknown
  try {
    value = readYaml(text).value
  } catch (err) {
    // The message has the line but no content, because there may be a token.
    if (err instanceof YamlError) throw new UserError(`it is not YAML: ${err.message}`, { cause: err })
    throw err
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
