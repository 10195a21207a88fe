import { X509Certificate } from 'node:crypto'
import { defineCheck, failure, notApplicable, ok, warning, worst } from '../check.ts'
import type { Machine } from '../machine.ts'

interface Found {
  readonly path: string
  /** Milliseconds since the epoch; undefined for what is no certificate. */
  readonly from: number | undefined
  readonly until: number | undefined
  readonly isAuthority: boolean
}

interface Facts {
  readonly now: number
  readonly runs: boolean
  readonly found: readonly Found[]
}

const day = 86_400_000
/** An authority lives for years and is not renewed by itself. */
const authorityWarningMs = 90 * day
/** Certificates of a running cluster live a day, and are renewed after 70 % to 90 % of it. */
const leafWarningMs = 3600_000
const maxFiles = 200

export const certificates = defineCheck<Facts>({
  id: 'certificates',
  group: 'Data directory',
  title: 'certificates',
  reads: 'the authorities in `signer/`, `admin.pem`, `node/pki/`, `registry-ca.pem`',
  read: machine => ({ now: machine.now, runs: machine.up !== undefined, found: certificatesOf(machine) }),
  evaluate({ now, runs, found }) {
    if (found.length === 0) return notApplicable('none yet')
    const verdicts = found.flatMap(({ path, from, until, isAuthority }) => {
      if (from === undefined || until === undefined)
        return [failure(`"${path}" has no certificate that can be read`, `openssl x509 -noout -text -in ${path}`)]
      const end = new Date(until).toISOString().slice(0, 16)
      if (from > now)
        return [failure(`"${path}" is valid only from ${new Date(from).toISOString().slice(0, 16)}Z on`, 'timedatectl set-ntp true')]
      // A stopped cluster makes new ones at its start.
      if (!isAuthority && !runs) return []
      const renew = isAuthority
        ? 'plan a new cluster before that date: "bulkhead store copy" moves objects'
        : 'bulkhead status   # names parts that do not run, which renew it'
      if (until <= now) return [failure(`"${path}" ended at ${end}Z`, renew)]
      const early = isAuthority ? authorityWarningMs : leafWarningMs
      return until - now < early ? [warning(`"${path}" ends at ${end}Z`, renew)] : []
    })
    const first = found.reduce((least, { until }) => Math.min(least, until ?? least), Number.POSITIVE_INFINITY)
    return worst([...verdicts, ok('')], `${found.length}, the first ends at ${new Date(first).toISOString().slice(0, 16)}Z`)
  },
})

function certificatesOf(machine: Machine): Found[] {
  const { directory, node } = machine
  const inFolder = (folder: string, end: RegExp) =>
    machine
      .names(folder)
      .filter(name => end.test(name))
      .slice(0, maxFiles)
      .map(name => `${folder}/${name}`)
  const leaves = [`${directory.path}/admin.pem`, ...inFolder(node.pki, /\.(pem|crt)$/)]
  const authorities = [...inFolder(directory.signer, /-ca\.crt$/), directory.registryAuthority]
  return [
    ...authorities.flatMap(path => readCertificate(machine, path, true)),
    ...leaves.flatMap(path => readCertificate(machine, path, false)),
  ]
}

function readCertificate(machine: Machine, path: string, isAuthority: boolean): Found[] {
  const text = machine.text(path)
  if (text === undefined) return []
  const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(text)?.[0]
  if (pem === undefined) return isAuthority ? [{ path, from: undefined, until: undefined, isAuthority }] : []
  try {
    const certificate = new X509Certificate(pem)
    return [{ path, from: certificate.validFromDate.getTime(), until: certificate.validToDate.getTime(), isAuthority }]
  } catch {
    // Damaged: that is the finding.
    return [{ path, from: undefined, until: undefined, isAuthority }]
  }
}
