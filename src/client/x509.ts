// Loads @peculiar/x509 when it is first needed. Its container library (tsyringe) insists on the reflect-metadata API but, without decorated
// constructors, only ever finds nothing in it; these three functions say so and spare a polyfill package.

type Library = typeof import('@peculiar/x509')

const absent = { getMetadata: () => undefined, getOwnMetadata: () => undefined, defineMetadata: () => undefined }

export async function loadX509(): Promise<Library> {
  for (const [name, value] of Object.entries(absent)) {
    if (!(name in Reflect)) Object.defineProperty(Reflect, name, { value, configurable: true, writable: true })
  }
  return await import('@peculiar/x509')
}
