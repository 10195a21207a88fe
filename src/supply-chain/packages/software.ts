// What is in an image or a folder, and where that was found.
import type { Digest } from '../oci/digest.ts'
import type { Platform } from '../oci/image-source.ts'
import type { Catalogue } from './catalogue.ts'

export interface SoftwareSubject {
  readonly kind: 'image' | 'directory'
  /** As the user named it, such as `registry.example/web:1` or `./web.tar`. */
  readonly name: string
  /** Of the manifest. */
  readonly digest?: Digest
  readonly platform?: Platform
}

export interface Software extends Catalogue {
  readonly subject: SoftwareSubject
}
