// A kubeconfig with a client certificate. As JSON, which is YAML, so that it needs no YAML writer and can be read with JSON.parse.
import { writeJson } from '../base/write-json.ts'

export interface KubeconfigOptions {
  readonly server: string
  /** PEM. */
  readonly ca: string
  readonly user: string
  /** PEM; or a file with both, named from the folder of the kubeconfig, which clients read again when it changes. */
  readonly credentials: { readonly certificate: string; readonly key: string } | { readonly file: string }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

export function formatKubeconfig({ server, ca, user, credentials }: KubeconfigOptions): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'bulkhead', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [
      {
        name: user,
        user:
          'file' in credentials
            ? { 'client-certificate': credentials.file, 'client-key': credentials.file }
            : { 'client-certificate-data': base64(credentials.certificate), 'client-key-data': base64(credentials.key) },
      },
    ],
    contexts: [{ name: 'bulkhead', context: { cluster: 'bulkhead', user } }],
    'current-context': 'bulkhead',
  }
  return `${writeJson(config, null, 2)}\n`
}
