// An AuditConfiguration for a scratch cluster.
import { writeFile } from 'node:fs/promises'
import { writeJson } from '../../../base/write-json.ts'
import type { ScratchCluster } from '../../scratch-cluster.ts'

/** Returns the flags with which the cluster uses it. JSON is YAML. */
export async function auditConfiguration({ directory }: Pick<ScratchCluster, 'directory'>, fields: object): Promise<readonly string[]> {
  const path = `${directory}.audit.yaml`
  await writeFile(path, writeJson({ apiVersion: 'audit.bulkhead.dev/v1', kind: 'AuditConfiguration', ...fields }))
  return ['--audit-config-file', path]
}
