// The browser copies. A pixel's inline stub takes calls before its script is there; a copy counts as fired only when
// the script came, which shows in what the vendors' own base codes wait for: fbq.callMethod, ttq.ready.

let tiktok; // 1 once TikTok's script is there

const isThere = (platform) => (platform == "meta" ? window.fbq?.callMethod : tiktok == 1);

const forTikTok = (item) => ({ content_id: item.id, price: item.item_price, ...item });

const fire = ({ event_name, event_id, custom_data }) =>
  ["meta", "tiktok"].filter((platform) =>
    attempt(() => {
      const name = config[platform + event_name] ?? event_name;
      if (platform == "meta") name && fbq("track", name, custom_data, { eventID: event_id });
      else {
        tiktok ?? ttq.ready((tiktok = () => (tiktok = 1)));
        name && ttq.track(name, { ...custom_data, contents: custom_data.contents?.map(forTikTok) }, { event_id });
      }
      return name;
    }),
  );
