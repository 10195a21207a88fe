// The authorization configuration, read and judged before anything starts: a bad file is a message, not a server that dies.
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { AuthorizationConfiguration, WebhookEndpoint } from '../../access/authorization-configuration.ts'
import type { Config } from '../../base/config.ts'
import { messageOf, UserError, whyUnreadable } from '../../base/user-error.ts'

/** Bytes of the file, and of each file that it names. */
export const maxAuthorizationFileBytes = 1024 * 1024

/** Undefined where none is named. */
export async function authorizationOf({
  authorizationConfigFile: file,
}: Pick<Config, 'authorizationConfigFile'>): Promise<AuthorizationConfiguration | undefined> {
  if (file === undefined) return undefined
  const text = readText(file, `the authorization configuration "${file}"`)
  // They bring the engine of expressions and a YAML parser, which a supervisor without a file need not keep.
  const [{ readAuthorizationConfiguration }, { webhookEndpoint }] = await Promise.all([
    import('../../access/authorization-configuration.ts'),
    import('./webhook-endpoint.ts'),
  ])
  const readKubeconfig = (path: string): WebhookEndpoint =>
    webhookEndpoint(readText(path, 'the kubeconfig file'), named => {
      const from = resolve(dirname(path), named)
      return readText(from, `"${from}"`)
    })
  return readAuthorizationConfiguration(text, file, readKubeconfig)
}

function readText(path: string, what: string): string {
  try {
    const { size } = statSync(path)
    if (size > maxAuthorizationFileBytes) throw new UserError(`it has ${size} bytes, the limit is ${maxAuthorizationFileBytes}`)
    return readFileSync(path, 'utf8')
  } catch (err) {
    throw new UserError(`Cannot read ${what}: ${err instanceof UserError ? messageOf(err) : whyUnreadable(err)}`, { cause: err })
  }
}
