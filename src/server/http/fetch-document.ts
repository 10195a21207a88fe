// Fetches a document from another server over HTTPS: always verified, without redirects or keep-alive, and limited in bytes.
import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import type { FetchDocument } from '../../access/jwt/issuer-keys.ts'
import { kubernetesVersion } from '../../api/kubernetes-version.ts'
import { untilAborted } from '../../base/async/abort.ts'
import { answerHead } from '../../base/net/answer-head.ts'
import { boundedAnswer } from './bounded-answer.ts'
import { serverTrust } from './server-trust.ts'

const maxHeaderBytes = 64 * 1024

export const fetchDocument: FetchDocument = async ({ url, authorities, maxBytes }, signal) => {
  const agent = new Agent({ keepAlive: false, minVersion: 'TLSv1.2', ...serverTrust(authorities) })
  const outgoing = httpsRequest(url, {
    ...{ method: 'GET', agent, signal, maxHeaderSize: maxHeaderBytes, rejectUnauthorized: true },
    headers: { accept: 'application/json', 'user-agent': `kube-apiserver/${kubernetesVersion}` },
  })
  const answer = answerHead(outgoing)
  outgoing.end()
  try {
    return await untilAborted(
      answer.then(message => readDocument(message, maxBytes)),
      signal,
    )
  } finally {
    outgoing.destroy()
    agent.destroy()
  }
}

async function readDocument(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const { statusCode = 0 } = message
  if (statusCode !== 200) throw new Error(`the answer must have status 200, got ${statusCode}`)
  return await boundedAnswer(message, maxBytes)
}
