// A kubeconfig with a client certificate. As JSON, which is YAML, so that it needs no YAML writer and can be read with JSON.parse.

export interface KubeconfigCredentials {
  /** All three are PEM. */
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

export function formatKubeconfig(server: string, { ca, certificate, key }: KubeconfigCredentials): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'bulkhead', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: 'bulkhead-admin', user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) } }],
    contexts: [{ name: 'bulkhead', context: { cluster: 'bulkhead', user: 'bulkhead-admin' } }],
    'current-context': 'bulkhead',
  }
  return `${JSON.stringify(config, null, 2)}\n`
}
