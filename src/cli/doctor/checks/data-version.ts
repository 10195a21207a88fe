import { dataVersion, resettingVersion } from '../../up/data-directory.ts'
import { defineCheck, failure, notApplicable, ok } from '../check.ts'

interface Facts {
  readonly path: string
  readonly exists: boolean
  readonly version: string | undefined
}

export const dataVersionCheck = defineCheck<Facts>({
  id: 'data-version',
  group: 'Data directory',
  title: 'format',
  reads: 'the file `version`',
  read: machine => ({
    path: machine.directory.path,
    exists: machine.exists(machine.directory.path),
    version: machine.text(`${machine.directory.path}/version`)?.replaceAll('\0', '').trim(),
  }),
  evaluate({ path, exists, version }) {
    if (!exists) return notApplicable('not there yet')
    if (version === dataVersion) return ok(`version ${version}`)
    if (version === resettingVersion) return failure('a reset was interrupted, the keys are destroyed', `bulkhead reset --data-dir ${path}`)
    if (version === undefined || version === '') return notApplicable('no data directory of Bulkhead: the file "version" is missing')
    return failure(`version "${version.slice(0, 20)}", this Bulkhead reads ${dataVersion}`, 'start the Bulkhead that wrote it')
  },
})
