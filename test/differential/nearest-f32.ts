/**
 * The f32 nearest to a decimal text. Rounding to a double first may land in the middle between two f32, on either side
 * of which the text lies: then big integers decide.
 */
export function nearestF32(text: string): number {
  const double = Number(text)
  const near = Math.fround(double)
  if (near === double || !Number.isFinite(near)) return near
  const other = neighbour(near, double > near)
  if (Math.abs(double - near) !== Math.abs(other - double)) return near
  const order = compare(text, double)
  if (order === 0) return near
  return order > 0 ? Math.max(near, other) : Math.min(near, other)
}

/** The next f32 upwards or downwards. */
function neighbour(value: number, isUp: boolean): number {
  const view = new DataView(new ArrayBuffer(4))
  view.setFloat32(0, value)
  const bits = view.getInt32(0)
  if (bits === 0 || bits === -0x8000_0000) return (isUp ? 1 : -1) * 2 ** -149
  view.setInt32(0, bits + (value > 0 === isUp ? 1 : -1))
  return view.getFloat32(0)
}

/** The sign of text - double, exactly. */
function compare(text: string, double: number): number {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = BigInt(`${sign}${whole}${fraction}`)
  const power = Number(exponent) - fraction.length
  let scaled = double
  let twos = 0
  while (!Number.isInteger(scaled)) {
    scaled *= 2
    twos++
  }
  const left = digits * 10n ** BigInt(Math.max(power, 0)) * 2n ** BigInt(twos)
  const right = BigInt(scaled) * 10n ** BigInt(Math.max(-power, 0))
  return left > right ? 1 : left < right ? -1 : 0
}
