// Scanning with the camera, where the browser reads barcodes itself. A dialog that stays open from code to code.
import { html, render } from 'lit';
import { icon } from '../ui/icon.ts';
import { say } from './texts.ts';

interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}
declare const BarcodeDetector: new (options?: { formats: string[] }) => Detector;

const EVERY = 150, // ms between two looks
  REST = 2000; // ms after which the same code is meant again
const FORMATS = ['ean_13', 'ean_8', 'upc_a', 'upc_e', 'itf', 'code_128', 'code_39', 'qr_code'];

export const canScan = (): boolean => 'BarcodeDetector' in window && !!navigator.mediaDevices;

async function streamOf(video: HTMLVideoElement): Promise<MediaStream | null> {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
    video.srcObject = stream;
    await video.play();
    return stream;
  } catch {
    return null; // not allowed, or there is none
  }
}

/** Tells every code it sees until it is closed. */
export async function scanWithCamera(scanned: (code: string) => void): Promise<void> {
  const dialog = document.createElement('dialog');
  dialog.className = 'ask pop camera';
  dialog.setAttribute('aria-labelledby', 'camera-title');
  const draw = (text: string) =>
    render(
      html`<form method="dialog" class="stack-12">
        <h2 class="title" id="camera-title">${say('camera')}</h2>
        <video class="camera-view" playsinline muted></video>
        <p class="muted" role="status">${text}</p>
        <div class="ask-foot"><button class="btn" autofocus>${icon('x', 'icon-16')}${say('camera.close')}</button></div>
      </form>`,
      dialog,
    );
  draw(say('camera.aim'));
  document.body.append(dialog);
  const opener = document.activeElement as HTMLElement | null;
  dialog.showModal();
  const video = dialog.querySelector('video')!;
  const stream = await streamOf(video);
  if (!stream) draw(say('camera.failed'));
  const stop = stream && dialog.open ? look(video, scanned) : () => undefined;
  const end = () => {
    stop();
    stream?.getTracks().forEach((track) => track.stop());
    dialog.remove();
    opener?.focus();
  };
  if (dialog.open) dialog.addEventListener('close', end);
  else end();
}

function look(video: HTMLVideoElement, scanned: (code: string) => void): () => void {
  const detector = new BarcodeDetector({ formats: FORMATS });
  let last = '';
  let at = 0;
  let isBusy = false;
  const timer = window.setInterval(() => {
    if (isBusy || video.readyState < video.HAVE_CURRENT_DATA) return;
    isBusy = true;
    void detector
      .detect(video)
      .then(([found]) => {
        const code = found?.rawValue.trim();
        if (!code || (code === last && Date.now() - at < REST)) return;
        last = code;
        at = Date.now();
        scanned(code);
      })
      .catch(() => undefined)
      .then(() => {
        isBusy = false;
      });
  }, EVERY);
  return () => clearInterval(timer);
}
