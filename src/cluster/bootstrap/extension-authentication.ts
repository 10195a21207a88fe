// What aggregated servers need to authenticate their callers: the ConfigMap kube-system/extension-apiserver-authentication, as upstream
// publishes it.
import type { KubeObject } from '../../api/object.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Signer } from '../../signer/signer.ts'

/** The client whose headers are trusted. */
export const frontProxyName = 'front-proxy-client'

export async function extensionAuthentication(signer: Signer, signal: AbortSignal): Promise<KubeObject & Record<string, unknown>> {
  const [client, frontProxy] = await Promise.all([signer.authority('client', signal), signer.authority('front-proxy', signal)])
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
    data: {
      'client-ca-file': client,
      'requestheader-allowed-names': writeJson([frontProxyName]),
      'requestheader-client-ca-file': frontProxy,
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
      'requestheader-username-headers': '["X-Remote-User"]',
    },
  }
}
