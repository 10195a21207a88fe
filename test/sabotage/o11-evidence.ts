// Sabotage of evidence and of alarms: reports of proofs, and uses of the group system:masters.
import type { Sabotage } from './sabotage.ts'

const verify = 'src/assess/evidence/verify-report.ts'

export const o11: readonly Sabotage[] = [
  {
    name: 'any signature of a report is valid',
    file: verify,
    from: 'signatures.some(({ sig }) => verify(algorithm, signed, key, sig))',
    to: 'signatures.some(({ sig }) => verify(algorithm, signed, key, sig) || sig.length > 0)',
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'a report without a signature is believed',
    file: verify,
    from: 'if (signedBy === undefined) problems.push(unsigned(envelope, key))',
    to: 'if (signedBy === undefined && envelope.signatures.length > 0) problems.push(unsigned(envelope, key))',
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'the type of a report is not compared',
    file: verify,
    from: 'if (envelope.payloadType !== statementType)',
    to: "if (envelope.payloadType === '')",
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'the digest of the attempts of a report is not compared',
    file: verify,
    from: 'attemptDigestOf(attempts) !== attemptDigest)',
    to: "attemptDigest === '')",
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'the result of a report is not compared with its proofs',
    file: verify,
    from: 'if (result !== expected) problems',
    to: "if (result === '') problems",
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'a report may hide that an attempt did not hold',
    file: verify,
    from: "if (verdict === 'PASS' && attempts.some(({ held }) => !held))",
    to: "if (verdict === 'PASS' && attempts.some(({ held, name }) => !held && name === ''))",
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'an attempt that did not hold is left out of the verdict',
    file: 'src/assess/run-proofs.ts',
    from: 'if (found.length === 0) return outcome',
    to: 'if (found.length >= 0) return outcome',
    proof: 'O11',
    on: 'node',
    knownMissed: 'the prover itself is broken: no proof can fail by an attempt. Unit tests see it',
  },
  {
    name: 'the use of a break-glass certificate leaves no mark in the audit log',
    file: 'src/server/pipeline.ts',
    from: 'if (isBreakGlass(authentication)) audit.annotate(breakGlassAnnotation, authentication.user.name)',
    to: '',
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'the use of a break-glass certificate raises no alarm',
    file: 'src/cluster/control-plane.ts',
    from: 'authenticate: breakGlass.watching(authenticate)',
    to: 'authenticate',
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'acting as a member of system:masters raises no alarm',
    file: 'src/server/request/break-glass.ts',
    from: 'groups.includes(systemMasters)\n',
    to: 'groups[0] === systemMasters && groups.length > 9\n',
    proof: 'O11',
    on: 'node',
  },
]
