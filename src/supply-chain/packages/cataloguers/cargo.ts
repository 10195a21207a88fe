// Crates of programs that "cargo auditable" built: the section `.dep-v0` holds them as compressed JSON.
import { inflateSync } from 'node:zlib'
import { messageOf, UserError } from '../../../base/user-error.ts'
import type { Cataloguer } from '../cataloguer.ts'
import { elfMagic, elfSection } from '../elf.ts'
import { itemsOf, jsonFile, textOf } from '../json-file.ts'
import type { SoftwarePackage } from '../software-package.ts'
import { maxBinaryBytes } from './golang.ts'

/** auditable-info reads as much. */
export const maxAuditBytes = 8 * 1024 * 1024

export const cargo: Cataloguer = {
  name: 'cargo',
  finds: 'installed',
  wish: (_, { mode }) => ((mode & 0o111) === 0 ? undefined : { maxBytes: maxBinaryBytes, beginsWith: [elfMagic] }),
  read(path, content) {
    const section = elfSection(content, '.dep-v0')
    if (section === undefined) return { packages: [] }
    const packages = itemsOf(jsonFile(inflated(section)), 'packages').flatMap((each): SoftwarePackage[] => {
      const [name, version] = [textOf(each, 'name'), textOf(each, 'version')]
      // What only ran while it was built is not in the program.
      return name === '' || version === '' || textOf(each, 'kind') === 'build'
        ? []
        : [{ type: 'cargo', name, version, locations: [`/${path}`] }]
    })
    return { packages }
  },
}

function inflated(section: Buffer): Buffer {
  try {
    return inflateSync(section, { maxOutputLength: maxAuditBytes })
  } catch (err) {
    throw new UserError(`Its section .dep-v0 cannot be unpacked to at most ${maxAuditBytes} bytes: ${messageOf(err)}`, { cause: err })
  }
}
