// `bulkhead prove --roles FILE`: the ClusterRoles that a user needs to run these proofs.
import { dump } from 'js-yaml'
import { proofRole } from '../../assess/rights/proof-role.ts'
import type { Right } from '../../assess/rights/request-rights.ts'
import type { ProofResult } from '../../assess/run-proofs.ts'
import { replaceFile } from '../../base/files/replace-file.ts'

const head = '# What a user needs to run these proofs: bulkhead-proof-run for each run, and the role of each chosen proof.\n'

/** A run needs them only after another one was killed, or if a proof fails on which an exception depends. */
const rareRights: readonly Right[] = [
  { verb: 'delete', group: '', resource: 'namespaces' },
  { verb: 'list', group: 'bulkhead.dev', resource: 'podsecurityexceptions' },
  { verb: 'patch', group: 'bulkhead.dev', resource: 'podsecurityexceptions' },
]

/** `run` are the rights that the run needed beside those of its proofs. Returns the line to print. */
export async function writeRoles(
  path: string,
  results: readonly Pick<ProofResult, 'id' | 'rights'>[],
  run: readonly Right[],
): Promise<string> {
  const roles = [proofRole('run', [...run, ...rareRights]), ...results.map(({ id, rights }) => proofRole(id, rights))]
  await replaceFile(path, head + roles.map(role => `---\n${dump(role, { lineWidth: 140, flowLevel: 3 })}`).join(''), 0o644)
  return `Roles: ${path}, ${roles.length} ClusterRoles`
}
