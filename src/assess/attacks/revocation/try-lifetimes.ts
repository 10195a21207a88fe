// How long credentials live that the cluster gives out, and those that its parts use.
import { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import type { ClusterObjects } from '../../cluster-objects.ts'
import { issuedCertificate } from '../../issued-certificate.ts'
import type { Endpoint, ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'

const day = 86_400_000
/** The longest life of a leaf certificate. */
const maxDays = 90
const tenYears = 315_360_000

export async function tryLifetimes(
  context: ProofContext,
  namespace: ProofNamespace,
  cluster: ClusterObjects,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, endpoint } = context
  const check = (what: string, certificate: X509Certificate | undefined) => {
    const days = certificate === undefined ? Number.NaN : (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / day
    // It begins some minutes before its issue.
    const held = days <= maxDays + 1
    attempts.record({ name: `life of ${what}`, sent: what, expected: `at most ${maxDays} days`, answered: `${days.toFixed(1)} days`, held })
  }
  check("the server's certificate", await servingCertificate(endpoint, signal))
  const subject = `CN=${namespace.name}:long`
  const issued = await issuedCertificate(context, cluster, { name: 'long', subject, expirationSeconds: tenYears }, signal)
  check('a user certificate that was requested for ten years', issued && new X509Certificate(issued.certificate))
}

function servingCertificate({ server, ca }: Endpoint, signal: AbortSignal): Promise<X509Certificate | undefined> {
  const { hostname, port } = new URL(server)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port || 443), ca, minVersion: 'TLSv1.3' }, () => {
      resolve(socket.getPeerX509Certificate())
      socket.destroy()
    })
    socket.once('error', reject)
    signal.addEventListener('abort', () => socket.destroy(), { once: true })
  })
}
