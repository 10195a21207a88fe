// What go.mod declares (Go modules reference, go.mod files): from Go 1.17 on all modules that the build may use.
import type { Cataloguer } from '../cataloguer.ts'
import { maxJsonFileBytes } from '../json-file.ts'
import type { SoftwarePackage } from '../software-package.ts'

export const goMod: Cataloguer = {
  name: 'go-mod',
  finds: 'declared',
  wish: path => (/(?:^|\/)go\.mod$/.test(path) ? { maxBytes: maxJsonFileBytes } : undefined),
  read(path, content) {
    const required = new Map<string, string>()
    let block = ''
    for (const written of content.toString('utf8').split('\n')) {
      const words = written.split('//', 1)[0]?.trim().split(/\s+/) ?? []
      const [first = ''] = words
      if (block === '' && words[1] === '(') block = first
      else if (first === ')') block = ''
      else apply(required, block === '' ? words : [block, ...words])
    }
    return {
      packages: [...required].map(([name, version]): SoftwarePackage => ({ type: 'golang', name, version, locations: [`/${path}`] })),
    }
  },
}

function apply(required: Map<string, string>, [directive, ...words]: readonly string[]): void {
  const [name = '', version = ''] = words
  if (directive === 'require' && /^v\d/.test(version)) required.set(name, version)
  if (directive !== 'replace') return
  const [target = '', targetVersion = ''] = words.slice(words.indexOf('=>') + 1)
  if (!words.includes('=>') || !required.delete(name)) return
  // A folder has no version.
  if (/^v\d/.test(targetVersion)) required.set(target, targetVersion)
}
