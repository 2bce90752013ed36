/** Recall against queries per second, as SVG. */
import type { Curve } from './measured.ts'

const width = 720
const height = 420
const left = 60
const right = 150
const top = 40
const bottom = 50
const colours = ['#1b6', '#074', '#d73', '#a31', '#57c', '#888', '#c3a']

/** Only the part that anyone asks for: recall from 0.8 on, and its misses on a logarithmic scale. */
export function plot(title: string, curves: readonly Curve[]): string {
  const shown = curves.map(({ name, points }) => ({
    name,
    points: points.filter(({ recall }) => recall >= 0.8 && recall < 0.9999)
  }))
  const rates = shown.flatMap(({ points }) => points.map(({ qps }) => Math.log10(qps)))
  const low = Math.floor(Math.min(...rates, 3))
  const high = Math.ceil(Math.max(...rates, 4))
  const x = (recall: number) =>
    left + ((width - left - right) * (Math.log10(0.2) - Math.log10(1 - recall))) / Math.log10(2000)
  const y = (qps: number) =>
    height - bottom - ((height - top - bottom) * (Math.log10(qps) - low)) / (high - low)
  const text = (at: number, line: number, words: string, more = '') =>
    `<text x="${at.toFixed(1)}" y="${line.toFixed(1)}" ${more}>${words}</text>`
  const heading = `${title}: queries per second against recall@10`
  const parts = [text(left, 22, heading, 'font-size="14"')]
  for (const recall of [0.8, 0.9, 0.95, 0.98, 0.99, 0.999]) {
    const at = x(recall)
    parts.push(line(at, top, at, height - bottom), text(at - 12, height - bottom + 18, `${recall}`))
  }
  for (let power = low; power <= high; power++) {
    const at = y(10 ** power)
    parts.push(line(left, at, width - right, at), text(8, at + 4, `${10 ** power}`))
  }
  shown.forEach(({ name, points }, index) => {
    const colour = colours[index % colours.length]
    const path = points.map(({ recall, qps }) => `${x(recall).toFixed(1)},${y(qps).toFixed(1)}`)
    parts.push(
      `<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      text(width - right + 14, top + 18 * (index + 1), name, `fill="${colour}"`)
    )
  })
  const box = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`
  const style = 'font-family="sans-serif" font-size="12"'
  const ground = '<rect width="100%" height="100%" fill="#fff"/>'
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box} ${style}>\n<title>${heading}</title>\n${ground}\n${parts.join('\n')}\n</svg>\n`
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  const [a, b, c, d] = [x1, y1, x2, y2].map((n) => n.toFixed(1))
  return `<line x1="${a}" y1="${b}" x2="${c}" y2="${d}" stroke="#ddd"/>`
}
