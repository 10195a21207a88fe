import { defaultMaxFiles } from '../../../access/audit/audit-log.ts'
import { defaultMaxFileBytes } from '../../../access/audit/log-writer.ts'
import { formatBytes } from '../../status/format.ts'
import { defineCheck, notApplicable, ok, warning } from '../check.ts'

interface Facts {
  readonly files: number
  readonly bytes: number
  readonly freeBytes: number
  readonly folder: string
}

/** Of its bound: the oldest file is about to be removed. */
const nearly = 0.9

export const auditLog = defineCheck<Facts>({
  id: 'audit-log',
  group: 'Data directory',
  title: 'audit log',
  reads: 'sizes of the files in `server/audit`, free space',
  read(machine) {
    const folder = `${machine.directory.server}/audit`
    const files = machine.names(folder).filter(name => /^audit-\d{8}\.log$/.test(name))
    const bytes = files.reduce((sum, name) => sum + (machine.file(`${folder}/${name}`)?.bytes ?? 0), 0)
    return { files: files.length, bytes, folder, freeBytes: machine.space(folder)?.freeBytes ?? 0 }
  },
  evaluate({ files, bytes, freeBytes, folder }) {
    if (files === 0) return notApplicable('none yet')
    const most = defaultMaxFiles * defaultMaxFileBytes
    const text = `${formatBytes(bytes)} in ${files} files, at most ${formatBytes(most)}`
    if (bytes > most * nearly) return warning(`${text}: the oldest file is removed next`, `cp -p ${folder}/audit-*.log DIR   # to keep it`)
    if (most - bytes > freeBytes)
      return warning(
        `${text}: the disk is full before that, and then writes are refused`,
        'bulkhead up --audit-policy-file FILE   # records fewer reads',
        `cp -p ${folder}/audit-*.log DIR`,
      )
    return ok(text)
  },
})
