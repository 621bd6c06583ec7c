// Click ids, byte for byte, with the time of their first sighting; the same click in another case is no new one. Meta
// "ClickID and the fbp and fbc Parameters" (January 2026), TikTok "About TikTok Click ID" (read November 2026).
// _fbp and _ttp are the pixels' own: they are read, never made.

const landing = new URLSearchParams(location.search);
const landedMs = Date.now();

const keepClick = (parameter, cookie, known, shape, form, days) => {
  const id = landing.get(parameter) || "";
  if (shape.test(id) && id.toLowerCase() != known?.toLowerCase()) setCookie(cookie, form + id, days * 86400);
};

const keepClicks = () => {
  domain || findDomain();
  const { _fbc, ttclid } = cookies();
  keepClick("fbclid", "_fbc", _fbc?.split(".")[3], /^[\w-]{1,1000}$/, "fb." + (level - 1) + "." + landedMs + ".", 90);
  keepClick("ttclid", "ttclid", ttclid, /^[\w.-]{1,1000}$/, "", 28); // the longest click window of TikTok's
};

const browserIds = () => {
  const { _fbp, _fbc, _ttp, ttclid } = cookies();
  return { fbp: _fbp, fbc: _fbc, ttp: _ttp, ttclid };
};
