// Bar charts as SVG. The libraries that draw them without a browser bring far
// more than these few rectangles need.

export interface Chart {
  title: string;
  unit: string;
  groups: ReadonlyArray<{ label: string; bars: ReadonlyArray<Bar> }>;
}

interface Bar {
  label: string;
  value: number;
  /** The value as people read it. */
  text: string;
  kind: keyof typeof colours;
}

const colours = { own: '#2563eb', base: '#475569', peer: '#94a3b8' };
const width = 760;
const labels = 250;
const numbers = 80;
const margin = 16;
const barHeight = 18;
const lineHeight = 24;

export function barChart({ title, unit, groups }: Chart): string {
  const largest = Math.max(
    ...groups.flatMap(({ bars }) => bars.map(({ value }) => value)),
  );
  const scale = (width - labels - numbers - 2 * margin) / largest;
  const lines: Array<string> = [];
  let y = margin;
  const line = (text: string, attributes = '') => {
    lines.push(
      `<text x="${margin}" y="${y + 13}"${attributes}>${escapeXml(text)}</text>`,
    );
    y += lineHeight;
  };
  line(`${title} (${unit})`, ' font-weight="bold"');
  for (const { label, bars } of groups) {
    if (label !== '') line(label);
    for (const { label, value, text, kind } of bars) {
      const length = Math.max(value * scale, 1);
      const x = margin + labels;
      lines.push(
        `<text x="${x - 8}" y="${y + 13}" text-anchor="end">${escapeXml(label)}</text>`,
        `<rect x="${x}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2" fill="${colours[kind]}"/>`,
        `<text x="${(x + length + 6).toFixed(1)}" y="${y + 13}">${escapeXml(text)}</text>`,
      );
      y += lineHeight;
    }
  }
  const height = y + margin / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="13" fill="#0f172a" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="6" fill="#ffffff"/>`,
    ...lines,
    '</svg>',
    '',
  ].join('\n');
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
