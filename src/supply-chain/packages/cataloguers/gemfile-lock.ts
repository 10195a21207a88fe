// What Gemfile.lock declares: the lines `    NAME (VERSION)` below `specs:`.
import type { Cataloguer } from '../cataloguer.ts'
import { maxJsonFileBytes } from '../json-file.ts'
import type { SoftwarePackage } from '../software-package.ts'

export const gemfileLock: Cataloguer = {
  name: 'gemfile-lock',
  finds: 'declared',
  wish: path => (/(?:^|\/)(?:Gemfile|gems)\.lock(?:ed)?$/.test(path) ? { maxBytes: maxJsonFileBytes } : undefined),
  read(path, content) {
    const packages: SoftwarePackage[] = []
    for (const line of content.toString('utf8').split('\n')) {
      const [, name, version] = /^ {4}([^\s()]{1,512}) \(([^\s()]{1,512})\)\s{0,2}$/.exec(line) ?? []
      if (name !== undefined && version !== undefined)
        packages.push({ type: 'gem', name, version: withoutPlatform(version), locations: [`/${path}`] })
    }
    return { packages }
  },
}

/** `1.15.4-x86_64-linux` is the same version, built for a platform. */
const withoutPlatform = (version: string): string => version.replace(/-(?:x86|x64|arm|aarch|java|universal|mswin|mingw)[\w.-]{0,100}$/, '')
