// `bulkhead dev verify`: what is different between a working tree and its attestation.
import { UserError } from '../../base/user-error.ts'
import { environmentDifferences } from '../../supply-chain/environment/compare-environments.ts'
import { environmentPredicate, parseEnvironment } from '../../supply-chain/environment/environment-predicate.ts'
import { type EnvironmentPlace, readEnvironment } from '../../supply-chain/environment/read-environment.ts'
import { parseBundle } from '../../supply-chain/signatures/parse-bundle.ts'
import { parsePublicKey, signatureHolds } from '../../supply-chain/signatures/public-key.ts'
import { printableLines } from '../terminal/printable.ts'

export interface DevVerifyFlags {
  readonly attestation: string
  readonly key: string
}

export interface DevVerifyContext extends Omit<EnvironmentPlace, 'folder' | 'summary'> {
  print(text: string): void
}

/** The exit code: 0 nothing is different, 1 something is. Rejects with a UserError if nothing can be said. */
export async function devVerify({ attestation, key }: DevVerifyFlags, folder: string, context: DevVerifyContext): Promise<number> {
  const where = `"${attestation}"`
  const { statement, signed, signature } = parseBundle(await context.readFile(attestation))
  const publicKey = parsePublicKey((await context.readFile(key)).toString('utf8'), `"${key}"`)
  if (!signatureHolds(publicKey, signed, signature)) throw new UserError(`${where} is not signed with the key in "${key}"`)
  if (statement.kind !== 'attestation' || statement.predicateType !== environmentPredicate)
    throw new UserError(`${where} is no attestation of a machine: its predicateType must be "${environmentPredicate}"`)
  const attested = parseEnvironment(statement.predicate, where)
  const differences = environmentDifferences(attested, await readEnvironment({ ...context, folder, summary: false }))
  const count = `${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}`
  context.print(printableLines([differences.length === 0 ? 'As attested' : count, ...differences.map(line => `  ${line}`)].join('\n')))
  return differences.length === 0 ? 0 : 1
}
