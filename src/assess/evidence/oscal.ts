// A report as OSCAL assessment results (NIST, version 1.1.2), for auditors' tools.
import { createHash } from 'node:crypto'
import type { Report } from './parse-report.ts'
import type { ReportedProof } from './report.ts'

const namespace = 'https://bulkhead.dev/ns/oscal'

/** The same report gives the same document. */
export function oscalResults({ details }: Report, signedBy: string | undefined) {
  const { proofs, cluster, started, finished, bulkhead } = details
  const id = (name: string) => uuidOf(`${cluster.uid} ${started} ${name}`)
  const prop = (name: string, value: string) => ({ name, ns: namespace, value })
  return {
    'assessment-results': {
      uuid: id('assessment-results'),
      metadata: {
        title: `bulkhead prove on cluster ${cluster.uid}`,
        'last-modified': finished,
        version: started,
        'oscal-version': '1.1.2',
        props: [
          prop('signed-by', signedBy ?? 'nobody'),
          prop('build', details.build),
          prop('configuration', details.configuration),
          prop('cluster', cluster.uid),
          prop('authority', cluster.authority),
          prop('user', details.by.user === '' ? 'unknown' : details.by.user),
        ],
      },
      'import-ap': { href: '#', remarks: `The plan is the list of proofs of Bulkhead ${bulkhead}, see docs/proofs.md` },
      results: [
        {
          uuid: id('result'),
          title: 'Attacks on the running cluster',
          description: `${proofs.length} proofs of Bulkhead ${bulkhead} attacked ${cluster.server}`,
          start: started,
          end: finished,
          'reviewed-controls': { 'control-selections': [{ description: 'The proofs that ran', 'include-all': {} }] },
          observations: proofs.map(proof => observation(proof, id)),
          findings: proofs.map(proof => finding(proof, id)),
        },
      ],
    },
  }
}

type Identify = (name: string) => string

function observation(proof: ReportedProof, id: Identify) {
  const { id: name, title, attack, expected, references, started, attempts, attemptCount } = proof
  const evidence = [
    { description: summaryOf(proof) },
    ...attempts.map(attempt => ({
      description: `${attempt.held ? 'held' : 'NOT held'}: ${attempt.name}: sent ${attempt.sent}; expected ${attempt.expected}; ${attempt.answered}`,
    })),
  ]
  return {
    uuid: id(`observation ${name}`),
    title: `${name} ${title}`,
    description: `${attack}. Expected: ${expected}.`,
    methods: ['TEST'],
    types: ['control-objective'],
    ...(references.length === 0 ? {} : { props: references.map(value => ({ name: 'reference', ns: namespace, value })) }),
    collected: started,
    'relevant-evidence': evidence,
    remarks: `${attempts.length} of ${attemptCount} attempts are listed`,
  }
}

function finding(proof: ReportedProof, id: Identify) {
  const { id: name, title, verdict } = proof
  return {
    uuid: id(`finding ${name}`),
    title: `${name} ${title}`,
    description: summaryOf(proof),
    target: {
      type: 'objective-id',
      'target-id': name.toLowerCase().replaceAll('/', '-'),
      status: { state: verdict === 'PASS' ? 'satisfied' : 'not-satisfied', reason: reasons[verdict] },
    },
    'related-observations': [{ 'observation-uuid': id(`observation ${name}`) }],
  }
}

const reasons = { PASS: 'pass', FAIL: 'fail', SKIP: 'other' } as const

export function summaryOf({ verdict, evidence, found, reason }: ReportedProof): string {
  if (verdict === 'PASS') return evidence ?? ''
  return verdict === 'SKIP' ? `Not tried: ${reason ?? ''}` : (found ?? []).join('\n')
}

/** A UUID of version 5 form, from a digest of the name. */
function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
