// Fetches a document of somebody else's over HTTPS: always verified, no redirect followed, no connection kept, and bounded in bytes.
import { Agent, request as httpsRequest } from 'node:https'
import type { FetchDocument } from '../../access/jwt/issuer-keys.ts'
import { kubernetesVersion } from '../../base/kubernetes-version.ts'
import { serverTrust } from '../proxy/server-trust.ts'
import { boundedAnswer } from './bounded-answer.ts'

const maxHeaderBytes = 64 * 1024

export const fetchDocument: FetchDocument = ({ url, authorities, maxBytes }, signal) => {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const agent = new Agent({ keepAlive: false, minVersion: 'TLSv1.2', ...serverTrust(authorities) })
  const outgoing = httpsRequest(
    url,
    {
      ...{ method: 'GET', agent, signal, maxHeaderSize: maxHeaderBytes, rejectUnauthorized: true },
      headers: { accept: 'application/json', 'user-agent': `kube-apiserver/${kubernetesVersion}` },
    },
    message => {
      const { statusCode = 0 } = message
      const body =
        statusCode === 200
          ? boundedAnswer(message, maxBytes)
          : Promise.reject(new Error(`the answer has status ${statusCode}, wanted is 200`))
      body.then(resolve, err => {
        outgoing.destroy()
        reject(err)
      })
    },
  )
  outgoing.on('error', reject)
  outgoing.end()
  return promise.finally(() => agent.destroy())
}
